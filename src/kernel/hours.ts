/** Hours of UTC as folder names: how records are laid out by time. */
import { hourMs } from './clock.ts';

/** `yyyy/mm/dd/hh` of the hour that holds the instant. */
export function hourFolder(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 13).replace(/[-T]/g, '/');
}

/** The starts of the hours that overlap [startMs, endMs), in order. */
export function hoursIn(startMs: number, endMs: number): readonly number[] {
  const hours: number[] = [];
  for (let atMs = Math.floor(startMs / hourMs) * hourMs; atMs < endMs; atMs += hourMs) {
    hours.push(atMs);
  }
  return hours;
}
