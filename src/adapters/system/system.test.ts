/** The system's clock, chance and log. */
import { expect, test } from 'vitest';
import { pinoLogger } from './logger.ts';
import { systemClock, systemRandom } from './system.ts';

test('the clock tells milliseconds since 1970', () => {
  expect(Math.abs(systemClock.nowMs() - new Date().getTime())).toBeLessThan(60_000);
});

test('chance is in [0, 1), spread, and not the same twice', () => {
  const drawn = Array.from({ length: 2_000 }, () => systemRandom.next01());
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
  expect(systemRandom.bytes(16)).toHaveLength(16);
  expect(systemRandom.bytes(16)).not.toEqual(systemRandom.bytes(16));
});

test('log lines are JSON with time, level, message and fields', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = pinoLogger({ level: 'info', destination });
  log.info('started', { port: 1 });
  log.warn('odd');
  log.error('failed', new Error('why', { cause: new Error('root') }), { id: 'x' });
  const [started, odd, failed] = lines.map((line) => JSON.parse(line));
  expect(started).toMatchObject({ level: 'info', msg: 'started', port: 1 });
  expect(started.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(odd).toMatchObject({ level: 'warn', msg: 'odd' });
  expect(failed).toMatchObject({ level: 'error', msg: 'failed', id: 'x' });
  expect(failed.err.stack).toMatch(/why[\s\S]*root/);
});

test('lines under the level are left out', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  pinoLogger({ level: 'error', destination }).warn('odd');
  expect(lines).toEqual([]);
});
