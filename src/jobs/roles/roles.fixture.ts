/** Roles for tests: a stand-in for the engine that decides by policies, with its words. */
import type { Access } from '../../engines/access/access.ts';
import {
  ObjectAccessDenied,
  type ObjectAddress,
  type ObjectSpace,
  type ObjectsFor,
  type RoleUse,
} from '../../engines/objects/space.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Check } from '../../kernel/check.ts';
import { ok, refuse } from '../../kernel/outcome.ts';

export type May = (action: string, at: ObjectAddress, role: RoleUse) => boolean;

export class Roles {
  /** Every role that was taken over, in order. */
  readonly used: RoleUse[] = [];
  /** ARNs of roles that are not there. */
  readonly gone = new Set<string>();
  may: May = () => true;
  /** Beside objects. */
  mayDo: (check: Check, roleArn: string) => boolean = () => true;
  /** What was asked beside objects, in order. */
  readonly asked: Check[] = [];

  access(): Access {
    return {
      refusalOf: async (check, { caller }) => {
        this.asked.push(check);
        if (this.mayDo(check, caller.arn)) return undefined;
        const { action, resource } = check;
        const why = `because no identity-based policy allows the ${action} action`;
        const denial = `is not authorized to perform: ${action} on resource: ${resource} ${why}`;
        const message = `User: ${caller.arn} ${denial}`;
        return { effect: 'implicitDeny', message, details: '{}' };
      },
      assumedBy: async ({ roleArn, account }) =>
        this.gone.has(roleArn)
          ? refuse(`there is no role ${roleArn}`)
          : ok({ accessKeyId: '', arn: roleArn, userId: 'AROA:SageMaker', account }),
    };
  }

  objectsFor(space: ObjectSpace): ObjectsFor {
    return async (role) => {
      this.used.push(role);
      if (this.gone.has(role.roleArn)) return refuse(`there is no role ${role.roleArn}`);
      return ok(this.#guarded(space, role));
    };
  }

  #guarded(space: ObjectSpace, role: RoleUse): ObjectSpace {
    const denial = (action: string, at: ObjectAddress) =>
      this.may(action, at, role) ? undefined : denialOf(action, at, role);
    const guard = (action: string, at: ObjectAddress) => {
      const message = denial(action, at);
      if (message !== undefined) throw new ObjectAccessDenied(message);
    };
    const listed = (bucket: string, key = '') => guard('s3:ListBucket', { bucket, key });
    return {
      async hasBucket(bucket) {
        return space.hasBucket(bucket);
      },
      async put(at, content, options) {
        const message = denial('s3:PutObject', at);
        return message === undefined ? space.put(at, content, options) : refuse(message);
      },
      putRefusal: async (at) => denial('s3:PutObject', at),
      async head(at) {
        guard('s3:GetObject', at);
        return space.head(at);
      },
      async read(at, options) {
        guard('s3:GetObject', at);
        return space.read(at, options);
      },
      async asFile(at, options) {
        guard('s3:GetObject', at);
        return space.asFile(at, options);
      },
      async list(bucket, range) {
        listed(bucket, range.prefix);
        return space.list(bucket, range);
      },
      async delete(at) {
        guard('s3:DeleteObject', at);
        return space.delete(at);
      },
    };
  }
}

/** In the words of the original. */
export function denialOf(
  action: string,
  { bucket, key }: ObjectAddress,
  { roleArn, account, sessionName }: RoleUse,
): string {
  const scope = { partition: 'aws', region: '', account };
  const role = roleArn.split('/').at(-1);
  const user = formatArn(scope, 'sts', `assumed-role/${role}/${sessionName}`);
  const place = action === 's3:ListBucket' ? bucket : `${bucket}/${key}`;
  const resource = formatArn({ ...scope, account: '' }, 's3', place);
  const why = `because no identity-based policy allows the ${action} action`;
  return `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
}
