/** How many of everything an account may have: the original's quotas. */

export const limits = {
  usersPerAccount: 5_000,
  groupsPerAccount: 300,
  groupsPerUser: 10,
  accessKeysPerUser: 2,
  mfaDevicesPerUser: 8,
  mfaDevicesPerAccount: 5_000,
  tagsPerResource: 50,
} as const;

/** More than any entity's own list can hold: everything about one entity in one read. */
export const wholeList = 10_000;
