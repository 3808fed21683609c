/** Receipt handles: which delivery of which message. Opaque to clients, not a secret. */

export interface Receipt {
  readonly queueId: string;
  readonly generation: number;
  readonly sequence: number;
  /** Differs at each delivery of the message. */
  readonly delivery: string;
}

const pattern = /^([0-9a-f-]{36}) (\d{1,15}) (\d{1,15}) ([0-9a-f]+)$/;

export function formatReceipt(receipt: Receipt): string {
  const { queueId, generation, sequence, delivery } = receipt;
  return Buffer.from(`${queueId} ${generation} ${sequence} ${delivery}`).toString('base64');
}

/** Undefined for anything `formatReceipt` did not write. */
export function parseReceipt(handle: string): Receipt | undefined {
  const match = pattern.exec(Buffer.from(handle, 'base64').toString('latin1'));
  if (!match) return undefined;
  const [, queueId = '', generation, sequence, delivery = ''] = match;
  return { queueId, generation: Number(generation), sequence: Number(sequence), delivery };
}
