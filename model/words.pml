/* Words that all parts of the model share. docs/model.md describes the whole. */

#ifndef N
#define N 2 /* transfers of the one service pair, indexes 0 to N - 1 */
#endif
#ifndef WINDOW
#define WINDOW N /* requests that the source contract lets be undecided at a time */
#endif

mtype = {
  none, pending, committed, rolledBack, /* source contract */
  begin, beginRollback, success, failure, rollback, /* relay; success, failure and rollback are also what the destination decides */
  cancel, /* with these three the relay's events */
  requestEntry, cancelEntry, receiptEntry, /* entries of relay blocks */
  requestEvent, settledEvent, /* events of the source contract */
  queued, submitted, superseded, decided, /* stages of an entry on its way into a contract */
  open, relayed /* stages of an event on its way to the relay */
};

/* A line of a counterexample: what tools/model shows begins with the mark "@ ". */
#define SAY(text, i) printf(text, (i) + 1)
