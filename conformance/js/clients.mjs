/** Clients of the server that AWS_ENDPOINT_URL names, and what several tests need. Not a test. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** One try and no more: an error that goes away when asked again is still an error. */
export const once = { maxAttempts: 1 };

export const named = (prefix = 'js') => `${prefix}-${randomUUID().slice(0, 12)}`;

/** Asks again until the answer is true, and no longer than `seconds`. */
export async function until(question, seconds = 30) {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`did not come true in ${seconds} s: ${question}`);
    await delay(200);
  }
}

/** Runs, and returns the error that it must throw. */
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return { code: error.name, status: error.$metadata?.httpStatusCode, error };
  }
  throw new Error('was not refused');
}
