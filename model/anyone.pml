/* Safety against every way of carrying. Whatever is true (a final event, an ordered entry) may be brought by anybody, at any time, in any order, any number of times, or never.
   That is more than crashes, duplicates, reordering, losses, late instances and hostile carriers can do, so no gateway stands in this file.
   Any number of reorganisations above finality. */

#include "words.pml"
#include "contracts.pml"
#include "relay.pml"
#include "properties.pml"

bool requestFinal[N], decisionFinal[N], settledFinal[N];
bool hash[N];        /* which request the source holds: a reorganisation may put another one under the same index */
bool orderedHash[N]; /* which request the relay ordered */
bool cancelOrdered[N];
bool successOrdered[N], failureOrdered[N], rollbackOrdered[N]; /* receipts in the relay's log */
bool frozen;         /* a receipt for another request than the committed one: the source freezes the pair */

#ifdef MUTATE_UNFINAL
#define IS_FINAL(bit) true
#else
#define IS_FINAL(bit) bit
#endif

#if N == 1
#define LAST_REQUEST(i) true
#elif N == 2
#define LAST_REQUEST(i) ((i) == 1 || src[1] == none)
#else
#define LAST_REQUEST(i) ((i) == 2 || src[(i) + 1] == none)
#endif

inline orderReceipt(i) {
#ifdef WITHOUT_RELAY_STATES
  next = dst[i];
#else
  stepRelay(i, dst[i]);
#endif
  if
  :: next == success -> successOrdered[i] = true; SAY("@ relay: orders receipt SUCCESS of %d\n", i)
  :: next == failure -> failureOrdered[i] = true; SAY("@ relay: orders receipt FAILURE of %d\n", i)
  :: next == rollback -> rollbackOrdered[i] = true; SAY("@ relay: orders receipt ROLLBACK of %d\n", i)
  :: else
  fi;
  next = none
}

inline settleWith(i, status) {
  if
  :: src[i] == pending && hash[i] != orderedHash[i] -> frozen = true; SAY("@ source: receipt of another request than %d, the pair freezes\n", i)
  :: else ->
    settle(i, status);
    settledFinal[i] = settledFinal[i] && !changed;
    changed = false
  fi
}

proctype transfer(byte i) {
  do
  /* source chain */
  :: atomic { MAY_REQUEST(i) -> src[i] = pending; SAY("@ source: request %d\n", i) }
  :: atomic { src[i] != none && !requestFinal[i] -> requestFinal[i] = true }
  :: atomic { src[i] == pending && !requestFinal[i] && LAST_REQUEST(i) -> src[i] = none; hash[i] = !hash[i]; SAY("@ source: the block of request %d is reorganised away, another request will take its index\n", i) }
  :: atomic { requestFinal[i] && (src[i] == committed || src[i] == rolledBack) && !settledFinal[i] -> settledFinal[i] = true }
  :: atomic { (src[i] == committed || src[i] == rolledBack) && !settledFinal[i] -> undoSettle(i) }
  :: atomic { successOrdered[i] && src[i] != none -> settleWith(i, success) }
  :: atomic { failureOrdered[i] && src[i] != none -> settleWith(i, failure) }
  :: atomic { rollbackOrdered[i] && src[i] != none -> settleWith(i, rollback) }
#ifdef MUTATE_CANCEL_AT_SOURCE
  :: atomic { src[i] == pending && requestFinal[i] -> SAY("@ source: its own clock says that %d is late\n", i); settle(i, rollback); changed = false }
#endif
  /* relay chain */
  :: atomic { src[i] != none && IS_FINAL(requestFinal[i]) && rel[i] == none -> rel[i] = begin; orderedHash[i] = hash[i]; SAY("@ relay: orders request %d\n", i) }
  :: atomic { rel[i] != none -> stepRelay(i, cancel); if :: next != none -> cancelOrdered[i] = true; SAY("@ relay: the deadline of %d is over, orders CANCEL\n", i) :: else fi; next = none }
  :: atomic { dst[i] != none && IS_FINAL(decisionFinal[i]) && rel[i] != none -> orderReceipt(i) }
#ifdef MUTATE_RELAY_DECIDES
  :: atomic { rel[i] == beginRollback -> rel[i] = rollback; rollbackOrdered[i] = true; SAY("@ relay: takes its own CANCEL of %d for the answer\n", i) }
#endif
  /* destination chain */
  :: atomic { rel[i] != none -> execute(i); decisionFinal[i] = decisionFinal[i] && !changed; changed = false }
  :: atomic { cancelOrdered[i] -> cancelIndex(i); decisionFinal[i] = decisionFinal[i] && !changed; changed = false }
  :: atomic { dst[i] != none && !decisionFinal[i] -> decisionFinal[i] = true }
  :: atomic { dst[i] != none && !decisionFinal[i] -> undoDecision(i) }
  od
}

init {
  atomic {
    run transfer(0);
#if N > 1
    run transfer(1);
#endif
#if N > 2
    run transfer(2)
#endif
  }
}

#define SAME_REQUEST(i) (executions[i] == 0 || (src[i] != none && hash[i] == orderedHash[i]))

ltl notBoth { [] EACH(NOT_BOTH) }
ltl settledOnce { [] EACH(SETTLED_ONCE) }
ltl executedOnce { [] EACH(EXECUTED_ONCE) }
ltl notAfterCancel { [] EACH(NOT_AFTER_CANCEL) }
ltl commitExecuted { [] EACH(COMMIT_EXECUTED) }
ltl rollbackNotExecuted { [] EACH(ROLLBACK_NOT_EXECUTED) }
ltl decidedFirst { [] EACH(DECIDED_FIRST) }
ltl sameRequest { [] (EACH(SAME_REQUEST) && !frozen) }
