/**
 * A record of the trail: who called what, when, from where, and what came of it, in the members of
 * Amazon's own format. Secrets and payloads are never in it.
 */

export interface TrailIdentity {
  readonly type:
    | 'Root'
    | 'IAMUser'
    | 'AssumedRole'
    | 'FederatedUser'
    | 'WebIdentityUser'
    | 'AWSAccount'
    | 'AWSService'
    | 'Unknown';
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly invokedBy?: string;
  /** Of web identities: who vouched for them. */
  readonly identityProvider?: string;
  readonly sessionContext?: {
    readonly sessionIssuer?: Readonly<Record<string, string>>;
    readonly attributes: {
      readonly creationDate: string;
      readonly mfaAuthenticated: 'true' | 'false';
    };
    readonly webIdFederationData?: Readonly<Record<string, unknown>>;
    readonly sourceIdentity?: string;
  };
}

export interface TrailResource {
  readonly accountId: string;
  /** `AWS::S3::Object`, … */
  readonly type: string;
  readonly ARN: string;
}

export interface TrailEvent {
  readonly eventVersion: '1.11';
  readonly userIdentity: TrailIdentity;
  /** ISO 8601, seconds, `Z`. */
  readonly eventTime: string;
  /** `kms.amazonaws.com` */
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly TrailResource[];
  readonly eventType: 'AwsApiCall' | 'AwsServiceEvent' | 'AwsConsoleSignIn';
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly eventCategory: 'Management' | 'Data';
  readonly tlsDetails?: {
    readonly tlsVersion: string;
    readonly cipherSuite: string;
    readonly clientProvidedHostHeader?: string;
  };
  readonly sessionCredentialFromConsole?: 'true';
}
