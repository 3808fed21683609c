/** What the table `events` of trail queries has, for the help of the command line. */
export { eventColumns } from '../ports/event-queries.ts';
