/** Two ends of a pipe: what is asked is answered, and nobody waits for an end that is gone. */
import { expect, test } from 'vitest';
import { Channel, ChannelClosed, type Question } from './channel.ts';

type Sums = { readonly add: Question<readonly number[], number> };
type None = Record<never, Question>;

function connected(add: (numbers: readonly number[]) => number | Promise<number>) {
  const asking: Channel<Sums, None> = new Channel<Sums, None>(
    { send: (frame) => answering.take(frame, undefined) },
    {},
  );
  const answering: Channel<None, Sums> = new Channel<None, Sums>(
    { send: (frame) => asking.take(frame, undefined) },
    { add },
  );
  return { asking };
}

test('questions are answered, each with its own', async () => {
  const { asking } = connected(async ([a = 0, b = 0]) => a + b);
  const sums = [asking.ask('add', [1, 2]), asking.ask('add', [3, 4])];
  expect(await Promise.all(sums)).toEqual([3, 7]);
});

test('what a handler throws is told by its reason', async () => {
  const { asking } = connected(() => {
    throw new Error('no numbers');
  });
  await expect(asking.ask('add', [])).rejects.toThrow('no numbers');
});

test('a question that nobody knows is refused', async () => {
  const { asking } = connected(() => 0);
  await expect(asking.ask('subtract' as 'add', [])).rejects.toThrow('nobody answers subtract');
});

test('what waits when the other end goes is rejected, and so is what comes after', async () => {
  const { asking } = connected(() => new Promise<number>(() => {}));
  const waiting = asking.ask('add', [1]);
  asking.close();
  await expect(waiting).rejects.toThrow(ChannelClosed);
  await expect(asking.ask('add', [1])).rejects.toThrow(ChannelClosed);
});

test('what could not be sent is rejected with the reason', async () => {
  const broken = new Channel<Sums, None>(
    { send: (_frame, _socket, done) => done(new Error('the pipe is broken')) },
    {},
  );
  await expect(broken.ask('add', [1])).rejects.toThrow('the pipe is broken');
});
