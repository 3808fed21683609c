/** The known methods of escalation, as data: what each needs to be allowed, and what it gives. */
import type { KeyValue } from '../../kernel/check.ts';

/** Whom or what a method is tried on. */
export type TargetKind =
  | 'own-user'
  | 'own-role'
  | 'own-group'
  | 'own-policy'
  | 'user'
  | 'group'
  | 'role';

export interface Step {
  readonly action: string;
  /** The kind of resource (`training-job`) that a service makes; left out: the target itself. */
  readonly on?: string;
  readonly gains: string;
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

export interface Method {
  readonly code: string;
  /** Completes "the principal …". */
  readonly gains: string;
  readonly over: TargetKind;
  readonly steps: readonly Step[];
  /** It gains for itself, which a boundary of its own limits. */
  readonly staysWithinBoundary?: true;
}

const step = (action: string, gains: string): Step => ({ action, gains });

const selfWriting: readonly (readonly [code: string, over: TargetKind, action: string])[] = [
  ['ATTACH_USER_POLICY', 'own-user', 'iam:AttachUserPolicy'],
  ['PUT_USER_POLICY', 'own-user', 'iam:PutUserPolicy'],
  ['ATTACH_GROUP_POLICY', 'own-group', 'iam:AttachGroupPolicy'],
  ['PUT_GROUP_POLICY', 'own-group', 'iam:PutGroupPolicy'],
  ['ATTACH_ROLE_POLICY', 'own-role', 'iam:AttachRolePolicy'],
  ['PUT_ROLE_POLICY', 'own-role', 'iam:PutRolePolicy'],
];

const selfFreeing: readonly (readonly [code: string, over: TargetKind, action: string])[] = [
  ['DETACH_USER_POLICY', 'own-user', 'iam:DetachUserPolicy'],
  ['DELETE_USER_POLICY', 'own-user', 'iam:DeleteUserPolicy'],
  ['DETACH_GROUP_POLICY', 'own-group', 'iam:DetachGroupPolicy'],
  ['DELETE_GROUP_POLICY', 'own-group', 'iam:DeleteGroupPolicy'],
  ['LEAVE_GROUP', 'own-group', 'iam:RemoveUserFromGroup'],
  ['DETACH_ROLE_POLICY', 'own-role', 'iam:DetachRolePolicy'],
  ['DELETE_ROLE_POLICY', 'own-role', 'iam:DeleteRolePolicy'],
];

const unbounding: readonly (readonly [code: string, over: TargetKind, action: string])[] = [
  ['DELETE_USER_BOUNDARY', 'own-user', 'iam:DeleteUserPermissionsBoundary'],
  ['PUT_USER_BOUNDARY', 'own-user', 'iam:PutUserPermissionsBoundary'],
  ['DELETE_ROLE_BOUNDARY', 'own-role', 'iam:DeleteRolePermissionsBoundary'],
  ['PUT_ROLE_BOUNDARY', 'own-role', 'iam:PutRolePermissionsBoundary'],
];

const ofOthers: readonly (readonly [code: string, action: string, gains: string])[] = [
  ['CREATE_ACCESS_KEY', 'iam:CreateAccessKey', 'makes keys of another user'],
  ['UPDATE_ACCESS_KEY', 'iam:UpdateAccessKey', 'makes disabled keys of another user valid again'],
  ['CREATE_LOGIN_PROFILE', 'iam:CreateLoginProfile', 'gives another user a password it knows'],
  ['UPDATE_LOGIN_PROFILE', 'iam:UpdateLoginProfile', 'changes the password of another user'],
  [
    'DEACTIVATE_MFA_DEVICE',
    'iam:DeactivateMFADevice',
    'takes the second factor away from another user',
  ],
];

const assume = step('sts:AssumeRole', 'acts with the rights of the role');

const roleWriting: readonly (readonly [code: string, action: string, gains: string])[] = [
  ['ATTACH_POLICY_TO_ASSUMED_ROLE', 'iam:AttachRolePolicy', 'the role has any managed policy'],
  ['PUT_POLICY_OF_ASSUMED_ROLE', 'iam:PutRolePolicy', 'the role has any policy'],
  ['UPDATE_TRUST_AND_ASSUME', 'iam:UpdateAssumeRolePolicy', 'the role trusts the principal'],
];

const passing: Step = {
  action: 'iam:PassRole',
  gains: 'a role of its choice is given to what it makes',
  keys: { 'iam:passedtoservice': 'sagemaker.amazonaws.com' },
};

interface Runner {
  readonly code: string;
  /** Action and kind of resource. */
  readonly steps: readonly (readonly [name: string, on: string])[];
}

/** What runs code of the caller's under the role that was passed. */
const runners: readonly Runner[] = (
  [
    ['CREATE_PROCESSING_JOB', [['CreateProcessingJob', 'processing-job']]],
    ['CREATE_TRAINING_JOB', [['CreateTrainingJob', 'training-job']]],
    ['CREATE_TUNING_JOB', [['CreateHyperParameterTuningJob', 'hyper-parameter-tuning-job']]],
    ['CREATE_AUTOML_JOB', [['CreateAutoMLJobV2', 'automl-job']]],
    ['CREATE_MONITORING_SCHEDULE', [['CreateMonitoringSchedule', 'monitoring-schedule']]],
    [
      'CREATE_NOTEBOOK',
      [
        ['CreateNotebookInstance', 'notebook-instance'],
        ['CreatePresignedNotebookInstanceUrl', 'notebook-instance'],
      ],
    ],
    [
      'CREATE_ENDPOINT',
      [
        ['CreateModel', 'model'],
        ['CreateEndpointConfig', 'endpoint-config'],
        ['CreateEndpoint', 'endpoint'],
      ],
    ],
    [
      'CREATE_TRANSFORM_JOB',
      [
        ['CreateModel', 'model'],
        ['CreateTransformJob', 'transform-job'],
      ],
    ],
    [
      'START_PIPELINE',
      [
        ['CreatePipeline', 'pipeline'],
        ['StartPipelineExecution', 'pipeline'],
      ],
    ],
  ] as const
).map(([code, steps]) => ({ code, steps }));

export const methods: readonly Method[] = [
  ...[
    ['CREATE_POLICY_VERSION', 'iam:CreatePolicyVersion', 'rewrites a policy that it has'],
    ['SET_DEFAULT_POLICY_VERSION', 'iam:SetDefaultPolicyVersion', 'goes back to an older version'],
  ].map(
    ([code = '', action = '', gains = '']): Method => ({
      code,
      gains: `can change its own rights: it ${gains}`,
      over: 'own-policy',
      steps: [step(action, gains)],
      staysWithinBoundary: true,
    }),
  ),
  ...selfWriting.map(
    ([code, over, action]): Method => ({
      code,
      gains: 'can give itself any right',
      over,
      steps: [step(action, 'has the rights of any policy it likes')],
      staysWithinBoundary: true,
    }),
  ),
  ...selfFreeing.map(
    ([code, over, action]): Method => ({
      code,
      gains: 'can free itself of what its policies deny',
      over,
      steps: [step(action, 'a denial is gone')],
      staysWithinBoundary: true,
    }),
  ),
  ...unbounding.map(
    ([code, over, action]): Method => ({
      code,
      gains: 'can lift the limit of its own rights',
      over,
      steps: [step(action, 'its permissions boundary limits it no more')],
    }),
  ),
  {
    code: 'ADD_USER_TO_GROUP',
    gains: 'can join a group',
    over: 'group',
    steps: [step('iam:AddUserToGroup', 'has the rights of the group')],
    staysWithinBoundary: true,
  },
  ...ofOthers.map(
    ([code, action, gains]): Method => ({
      code,
      gains: 'can act as another user',
      over: 'user',
      steps: [step(action, gains)],
    }),
  ),
  ...['AttachUserPolicy', 'PutUserPolicy'].map(
    (name): Method => ({
      code: `CREATE_USER_AND_${name === 'PutUserPolicy' ? 'PUT' : 'ATTACH'}_POLICY`,
      gains: 'can make a user with any right and act as it',
      over: 'user',
      steps: [
        step('iam:CreateUser', 'there is a new user'),
        step(`iam:${name}`, 'the new user has any right'),
        step('iam:CreateAccessKey', 'has the keys of the new user'),
      ],
    }),
  ),
  ...roleWriting.map(
    ([code, action, gains]): Method => ({
      code,
      gains: 'can act with the rights of a role that it rewrites',
      over: 'role',
      steps: [step(action, gains), assume],
    }),
  ),
  ...runners.map(
    ({ code, steps }): Method => ({
      code: `PASS_ROLE_AND_${code}`,
      gains: 'can run its own code with the rights of another role',
      over: 'role',
      steps: [
        passing,
        ...steps.map(([name, on]) => ({
          action: `sagemaker:${name}`,
          on,
          gains: 'its code acts with the rights of the role',
        })),
      ],
    }),
  ),
];
