/** `modelkeep doctor`: what this machine can and cannot do. */
import { configCommand } from './flags.ts';

const marks = { good: 'ok  ', limited: 'note', bad: 'FAIL' } as const;

export const doctor = configCommand(
  { usage: '[--data DIR]', meaning: 'says what this machine can and cannot do' },
  async (config) => {
    const { examine } = await import('../server/doctor.ts');
    const findings = await examine(config);
    for (const { grade, subject, detail } of findings) {
      console.log(`${marks[grade]} ${subject.padEnd(16)} ${detail}`);
    }
    return findings.some(({ grade }) => grade === 'bad') ? 1 : 0;
  },
);
