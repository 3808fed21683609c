/** What roles are made of: activities, their parameters, and the plan of a role. No logic. */
import type { KeyValue } from '../../kernel/check.ts';

/** As given by people: names or ARNs; each is checked before it is put into a policy. */
export interface RoleParameters {
  /** Names. */
  readonly buckets: readonly string[];
  /** Ids or ARNs: what jobs write is encrypted under them. */
  readonly dataKeys: readonly string[];
  /** Ids or ARNs, of the volumes of jobs and endpoints. */
  readonly volumeKeys: readonly string[];
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** Names or ARNs of roles that the role may pass to jobs and models. */
  readonly passRoles: readonly string[];
  /** Names or ARNs of image repositories. */
  readonly repositories: readonly string[];
  readonly workgroups: readonly string[];
  readonly databases: readonly string[];
  /** ARNs of users and roles of the account that may take the role over, beside the service. */
  readonly principals: readonly string[];
}

/** Parameters as policies and proofs need them. */
export interface Facts {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** What `{{…}}` and `[[…]]` of templates stand for. */
  readonly lists: Readonly<Record<ListName, readonly string[]>>;
  readonly inVpc: boolean;
  readonly withKeys: boolean;
}

export type ListName =
  | 'buckets'
  | 'dataKeys'
  | 'dataKeyNames'
  | 'volumeKeys'
  | 'volumeKeyNames'
  | 'subnets'
  | 'securityGroups'
  | 'passRoles'
  | 'repositories'
  | 'workgroups'
  | 'databases'
  | 'principals';

/** Operator to key to values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * A statement with gaps: `{{account}}` is one value, `[[buckets]]` makes the text be repeated for
 * each. Resources leave out `arn:` and the partition, unless the gap holds whole ARNs.
 */
export interface StatementTemplate {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Conditions;
  /** Added when the role is bound to subnets. */
  readonly inVpc?: Conditions;
  /** Added when the role is bound to keys. */
  readonly withKeys?: Conditions;
  /** The statement is left out unless the role is bound to one of these. */
  readonly onlyWith?: readonly ('vpc' | 'keys')[];
}

/** One question that a role's policies must answer as said. */
export interface Probe {
  readonly action: string;
  /** Like those of templates, without gaps. */
  readonly resource: string;
  /** Over those of a request that keeps to the role's parameters; undefined: has no such key. */
  readonly keys?: Readonly<Record<string, KeyValue | undefined>>;
  /** An activity that rightly answers the other way. */
  readonly unless?: string;
}

export interface Expectations {
  readonly allowed: readonly Probe[];
  readonly refused: readonly Probe[];
}

export interface Activity {
  /** `manage-ml-jobs`; the name of its inline policy too. */
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  readonly needs: readonly (keyof RoleParameters)[];
  /** What it can use beyond what it needs. */
  readonly options: readonly (keyof RoleParameters)[];
  readonly statements: readonly StatementTemplate[];
  readonly expects: (facts: Facts) => Expectations;
}

export interface Persona {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  readonly activities: readonly string[];
}

export interface RolePlan {
  readonly roleName: string;
  readonly description: string;
  readonly activities: readonly string[];
  readonly facts: Facts;
  /** JSON, indented. */
  readonly trustPolicy: string;
  /** Inline policies, name to JSON, in order of activities. */
  readonly policies: Readonly<Record<string, string>>;
}
