/* Liveness, and safety once more: two gateways with their books (cursors, open entries, marks) carry everything, and at most FAULTS faults hit them.
   When the faults are used up nothing else hinders, so "a terminal state is reached when faults stop" is: on every weakly fair run all transfers end. */

#include "words.pml"
#include "contracts.pml"
#include "relay.pml"
#include "properties.pml"

/* Which faults there are: WITH_KILLS, WITH_LOSSES, WITH_COPIES, WITH_CHAINS. */
#ifndef FAULTS
#define FAULTS 1
#endif

byte faults = FAULTS;
bool noBody[N]; /* the body of the request never comes to the destination's gateway */

/* Chains: events in their order, of which the first `final...` are below the finality depth. */
mtype kindA[2 * N] = none;
byte indexA[2 * N];
byte lengthA, finalA;
byte indexB[N];
byte lengthB, finalB;
bool upA = true, upB = true;

/* Relay log: all of it is final. */
mtype kindR[3 * N] = none;
byte indexR[3 * N];
byte lengthR;

/* On the way: publications to the relay, transactions in the pools of the chains. */
bool requestSent[N], receiptSent[N];
bool executeSent[N], cancelSent[N], settleSent[N];

/* Gateway A: cursor on chain A, position on the relay log, and what is open. All of it is lost in a crash. */
byte cursorA, positionA;
mtype outA[N] = none;
bool settleOpen[N], settledSeen[N];

/* Gateway B. */
byte cursorB, positionB;
mtype outB[N] = none;
mtype executeOpen[N] = none;
bool cancelOpen[N], decidedSeen[N];

#ifdef MUTATE_UNFINAL
#define SEEN_A lengthA
#define SEEN_B lengthB
#else
#define SEEN_A finalA
#define SEEN_B finalB
#endif

/* When nothing can be reorganised any more an event is final at once, which a later scan can not tell from final later. */
#ifdef WITH_CHAINS
#define FINAL_AFTER(length, final) (faults == 0 -> length : final)
#else
#define FINAL_AFTER(length, final) length
#endif
inline appendA(kind, i) { kindA[lengthA] = kind; indexA[lengthA] = i; lengthA++; finalA = FINAL_AFTER(lengthA, finalA) }
inline appendB(i) { indexB[lengthB] = i; lengthB++; finalB = FINAL_AFTER(lengthB, finalB) }
/* Entries that tell a gateway nothing are passed at once. */
#define TELLS_A(at) ((kindR[at] == requestEntry && outA[indexR[at]] == open) || (kindR[at] == receiptEntry && !settledSeen[indexR[at]]))
#define TELLS_B(at) ((kindR[at] == requestEntry && !decidedSeen[indexR[at]] && executeOpen[indexR[at]] == none) || (kindR[at] == cancelEntry && !decidedSeen[indexR[at]]) || (kindR[at] == receiptEntry && outB[indexR[at]] == open))

inline passA() {
  do
  :: positionA < lengthR && !TELLS_A(positionA) -> positionA++
  :: else -> break
  od
}
inline passB() {
  do
  :: positionB < lengthR && !TELLS_B(positionB) -> positionB++
  :: else -> break
  od
}
inline order(kind, i) { kindR[lengthR] = kind; indexR[lengthR] = i; lengthR++; passA(); passB() }

#ifdef BODIES_MISSING
#define CHOOSE_BODY(i) if :: noBody[i] = false :: noBody[i] = true; SAY("@ the body of %d will never come\n", i) fi
#else
#define CHOOSE_BODY(i) skip
#endif

inline requestIndex(i) { src[i] = pending; appendA(requestEvent, i); SAY("@ source: request %d\n", i); CHOOSE_BODY(i) }

proctype user() {
end:
  do
  :: atomic { upA && MAY_REQUEST(0) -> requestIndex(0) }
#if N > 1
  :: atomic { upA && MAY_REQUEST(1) -> requestIndex(1) }
#endif
  od
}

/* Chain A mines what is in its pool and buries it. */
proctype chainA() {
  byte i;
end:
  do
  :: atomic {
      upA && (settleSent[0]
#if N > 1
        || settleSent[1]
#endif
      ) ->
      for (i : 0 .. N - 1) {
        if
        :: settleSent[i] ->
          settleSent[i] = false;
          settle(i, rel[i]);
          if
          :: changed -> appendA(settledEvent, i)
          :: else
          fi;
          changed = false
        :: else
        fi
      }
      i = 0
    }
  :: atomic { upA && finalA < lengthA -> finalA++ }
#ifdef MUTATE_CANCEL_AT_SOURCE
  :: atomic { src[0] == pending && finalA > 0 -> SAY("@ source: its own clock says that %d is late\n", 0); settle(0, rollback); appendA(settledEvent, 0); changed = false }
#endif
  od
}

inline mineAt(i) {
  if
  :: cancelSent[i] -> cancelSent[i] = false; cancelIndex(i); if :: changed -> appendB(i) :: else fi; changed = false
  :: else
  fi;
  if
  :: executeSent[i] -> executeSent[i] = false; execute(i); if :: changed -> appendB(i) :: else fi; changed = false
  :: else
  fi
}

inline mineExecuteFirst(i) {
  if
  :: executeSent[i] -> executeSent[i] = false; execute(i); if :: changed -> appendB(i) :: else fi; changed = false
  :: else
  fi;
  mineAt(i)
}

#if N == 1
#define ANY_SENT_B (executeSent[0] || cancelSent[0])
#else
#define ANY_SENT_B (executeSent[0] || cancelSent[0] || executeSent[1] || cancelSent[1])
#endif

/* Chain B mines its pool in any order, all of it: a transaction is not passed over for ever. */
proctype chainB() {
end:
  do
  :: atomic {
      upB && ANY_SENT_B ->
      if
      :: true -> mineAt(0)
      :: true -> mineExecuteFirst(0)
#if N > 1
      :: true -> mineAt(1); mineAt(0)
      :: true -> mineExecuteFirst(1); mineExecuteFirst(0)
#endif
      fi;
#if N > 1
      if
      :: true -> mineAt(1)
      :: true -> mineExecuteFirst(1)
      fi
#endif
    }
  :: atomic { upB && finalB < lengthB -> finalB++ }
  od
}

#ifdef WITH_LOSSES
#define LOSES_ANSWER (faults > 0)
#else
#define LOSES_ANSWER false
#endif

/* The orderer with its validators: judges what comes, answers the sender unless the answer is lost. */
inline takeRequest(i) {
  requestSent[i] = false;
  if
  :: rel[i] == none -> rel[i] = begin; order(requestEntry, i); SAY("@ relay: orders request %d\n", i)
  :: else
  fi;
  if
  :: outA[i] == open -> outA[i] = relayed
  :: LOSES_ANSWER -> faults--; SAY("@ FAULT: the answer to request %d is lost\n", i)
  :: outA[i] != open
  fi
}

inline takeReceipt(i) {
  receiptSent[i] = false;
  stepRelay(i, dst[i]);
  if
  :: next != none -> order(receiptEntry, i); SAY("@ relay: orders the receipt of %d\n", i)
  :: else
  fi;
  next = none;
  if
  :: outB[i] == open -> outB[i] = none; executeOpen[i] = none
  :: LOSES_ANSWER -> faults--; SAY("@ FAULT: the answer to the receipt of %d is lost\n", i)
  :: outB[i] != open
  fi
}

proctype relay() {
end:
  do
  :: atomic { requestSent[0] -> takeRequest(0) }
  :: atomic { receiptSent[0] -> takeReceipt(0) }
#if N > 1
  :: atomic { requestSent[1] -> takeRequest(1) }
  :: atomic { receiptSent[1] -> takeReceipt(1) }
#endif
  od
}

/* The deadline of a request comes at any time after it is ordered. */
inline orderCancel(i) {
  stepRelay(i, cancel);
  if
  :: next != none -> order(cancelEntry, i); SAY("@ relay: the deadline of %d is over, orders CANCEL\n", i)
  :: else
  fi;
  next = none
}

proctype clock() {
end:
  do
#ifdef MUTATE_NO_DEADLINE
  :: false
#else
  :: atomic { rel[0] == begin -> orderCancel(0) }
#if N > 1
  :: atomic { rel[1] == begin -> orderCancel(1) }
#endif
#endif
  od
}

/* Gateway A, interaction domain: follows chain A and the relay log. */
inline scanA(i) {
  i = indexA[cursorA];
  if
  :: kindA[cursorA] == requestEvent && !settledSeen[i] && outA[i] == none -> outA[i] = open
  :: kindA[cursorA] == settledEvent -> settledSeen[i] = true; outA[i] = none; settleOpen[i] = false
  :: else
  fi;
  cursorA++;
  i = 0
}

inline receiveA(i) {
  i = indexR[positionA];
  if
  :: kindR[positionA] == requestEntry && outA[i] == open -> outA[i] = relayed
  :: kindR[positionA] == receiptEntry && !settledSeen[i] -> settleOpen[i] = true
  :: else
  fi;
  positionA++;
  i = 0;
  passA()
}

/* The contract says that it is settled, and the event was passed before the last start. */
inline concludeA(i) { settleOpen[i] = false; settledSeen[i] = true; outA[i] = none }

#define CONCLUDES_A(i) (settleOpen[i] && !settledSeen[i] && src[i] != pending && cursorA == lengthA && finalA == lengthA)

#ifdef MUTATE_NO_RESEND
bool once[N];
#define MAY_RESEND(i) !once[i]
#define NOTE_SENT(i) once[i] = true
#else
#define MAY_RESEND(i) true
#define NOTE_SENT(i) skip
#endif

#define PUBLISHES_A(i) (outA[i] == open && !requestSent[i] && MAY_RESEND(i))
#define SUBMITS_A(i) (settleOpen[i] && src[i] == pending && !settleSent[i])

inline sendA(i) {
  if
  :: PUBLISHES_A(i) -> requestSent[i] = true; NOTE_SENT(i)
  :: else
  fi;
  if
  :: SUBMITS_A(i) -> settleSent[i] = true
  :: else
  fi
}

#if N == 1
#define WORK_A (PUBLISHES_A(0) || SUBMITS_A(0))
inline turnA() { sendA(0) }
#else
#define WORK_A (PUBLISHES_A(0) || SUBMITS_A(0) || PUBLISHES_A(1) || SUBMITS_A(1))
inline turnA() { sendA(0); sendA(1) }
#endif

proctype booksA() {
  byte i;
end:
  do
  :: atomic { upA && cursorA < SEEN_A -> scanA(i); turnA() }
  :: atomic { positionA < lengthR -> receiveA(i); turnA() }
  :: atomic { upA && CONCLUDES_A(0) -> concludeA(0) }
#if N > 1
  :: atomic { upA && CONCLUDES_A(1) -> concludeA(1) }
#endif
  od
}

/* Each turn goes over everything that is open and sends what is not on its way. */
proctype senderA() {
end:
  do
  :: atomic { WORK_A -> turnA() }
  od
}

/* Gateway B. */
inline scanB(i) {
  i = indexB[cursorB];
  decidedSeen[i] = true;
  cancelOpen[i] = false;
  if
  :: executeOpen[i] != none -> executeOpen[i] = decided
  :: else
  fi;
  outB[i] = open;
  cursorB++;
  i = 0
}

inline receiveB(i) {
  i = indexR[positionB];
  if
  :: kindR[positionB] == requestEntry && !decidedSeen[i] && executeOpen[i] == none ->
    if
    :: cancelOpen[i] -> executeOpen[i] = superseded
    :: else -> executeOpen[i] = queued
    fi
  :: kindR[positionB] == cancelEntry && !decidedSeen[i] ->
    cancelOpen[i] = true;
    if
    :: executeOpen[i] == queued -> executeOpen[i] = superseded
    :: else
    fi
  :: kindR[positionB] == receiptEntry && outB[i] == open -> outB[i] = none; executeOpen[i] = none
  :: else
  fi;
  positionB++;
  i = 0;
  passB()
}

inline concludeB(i) { decidedSeen[i] = true; executeOpen[i] = none; cancelOpen[i] = false }

#define CONCLUDES_B(i) ((cancelOpen[i] || executeOpen[i] == queued || executeOpen[i] == submitted || executeOpen[i] == superseded) && !decidedSeen[i] && dst[i] != none && cursorB == lengthB && finalB == lengthB)

#define PUBLISHES_B(i) (outB[i] == open && !receiptSent[i])
#define CANCELS_B(i) (cancelOpen[i] && dst[i] == none && !cancelSent[i])
#define EXECUTES_B(i) (!noBody[i] && !executeSent[i] && (executeOpen[i] == queued || (executeOpen[i] == submitted && dst[i] == none)))
#define WORK_OF_B(i) (PUBLISHES_B(i) || CANCELS_B(i) || EXECUTES_B(i))

inline sendB(i) {
  if
  :: PUBLISHES_B(i) -> receiptSent[i] = true
  :: else
  fi;
  if
  :: CANCELS_B(i) -> cancelSent[i] = true
  :: else
  fi;
  if
  :: EXECUTES_B(i) -> executeSent[i] = true; executeOpen[i] = submitted
  :: else
  fi
}

#if N == 1
#define WORK_B WORK_OF_B(0)
inline turnB() { sendB(0) }
#else
#define WORK_B (WORK_OF_B(0) || WORK_OF_B(1))
inline turnB() { sendB(0); sendB(1) }
#endif

proctype booksB() {
  byte i;
end:
  do
  :: atomic { upB && cursorB < SEEN_B -> scanB(i); turnB() }
  :: atomic { positionB < lengthR -> receiveB(i); turnB() }
  :: atomic { upB && CONCLUDES_B(0) -> concludeB(0) }
#if N > 1
  :: atomic { upB && CONCLUDES_B(1) -> concludeB(1) }
#endif
  od
}

proctype senderB() {
end:
  do
  :: atomic { WORK_B -> turnB() }
  od
}

/* A mark is durable some time after it was true, and a wiped disk knows none: after a crash a gateway begins anywhere at or below the lowest thing undone. */
#ifdef MUTATE_EARLY_MARK
#define UNDONE_A(at) false
#define UNDONE_RA(at) false
#define UNDONE_B(at) false
#define UNDONE_RB(at) false
#else
#define UNDONE_A(at) (kindA[at] == requestEvent && outA[indexA[at]] != none)
#define UNDONE_RA(at) (kindR[at] == receiptEntry && settleOpen[indexR[at]])
#define UNDONE_B(at) (outB[indexB[at]] != none)
#define UNDONE_RB(at) ((kindR[at] == requestEntry && executeOpen[indexR[at]] != none) || (kindR[at] == cancelEntry && cancelOpen[indexR[at]]))
#endif

inline lowest(cursor, undone, i) {
  i = 0;
  do
  :: i < cursor && !(undone) -> i++
  :: i < cursor && (undone) -> cursor = i
  :: i >= cursor -> break
  od;
#ifndef MARKS_NEWEST
  do
  :: cursor > 0 -> cursor--
  :: break
  od;
#endif
  i = 0
}

/* With MARKS_NEWEST the marks are the newest ones, or the disk is wiped. */
#ifdef MARKS_NEWEST
#define MAYBE_WIPED(cursor, position) if :: cursor = 0; position = 0 :: skip fi
#else
#define MAYBE_WIPED(cursor, position) skip
#endif

/* What it had in hand is lost with it, or was sent just before. */
inline crashA(i) {
  lowest(cursorA, UNDONE_A(i), i);
  lowest(positionA, UNDONE_RA(i), i);
  MAYBE_WIPED(cursorA, positionA);
  for (i : 0 .. N - 1) { outA[i] = none; settleOpen[i] = false; settledSeen[i] = false }
  i = 0;
  if
  :: for (i : 0 .. N - 1) { requestSent[i] = false; settleSent[i] = false }
     i = 0
  :: true
  fi;
  passA();
  printf("@ FAULT: gateway A is killed, scans again from event %d of its chain and block %d of the relay\n", cursorA + 1, positionA + 1)
}

inline crashB(i) {
  lowest(cursorB, UNDONE_B(i), i);
  lowest(positionB, UNDONE_RB(i), i);
  MAYBE_WIPED(cursorB, positionB);
  for (i : 0 .. N - 1) { outB[i] = none; executeOpen[i] = none; cancelOpen[i] = false; decidedSeen[i] = false }
  i = 0;
  if
  :: for (i : 0 .. N - 1) { receiptSent[i] = false; executeSent[i] = false; cancelSent[i] = false }
     i = 0
  :: true
  fi;
  passB();
  printf("@ FAULT: gateway B is killed, scans again from event %d of its chain and block %d of the relay\n", cursorB + 1, positionB + 1)
}

inline reorganiseA(i) {
  lengthA--;
  i = indexA[lengthA];
  if
  :: kindA[lengthA] == requestEvent -> src[i] = none; noBody[i] = false; SAY("@ FAULT: the block of request %d is reorganised away\n", i)
  :: else ->
    SAY("@ FAULT: a reorganisation of chain A, settlement of %d\n", i);
    undoSettle(i);
    if
    :: settleSent[i] = true
    :: skip
    fi
  fi;
  kindA[lengthA] = none;
  indexA[lengthA] = 0;
  i = 0
}

inline reorganiseB(i) {
  lengthB--;
  i = indexB[lengthB];
  indexB[lengthB] = 0;
  if
  :: dst[i] == rollback -> if :: cancelSent[i] = true :: skip fi
  :: else -> if :: executeSent[i] = true :: skip fi
  fi;
  SAY("@ FAULT: a reorganisation of chain B, decision of %d\n", i);
  undoDecision(i);
  i = 0
}

#define IS_FINAL_STATE(state) (state == success || state == failure || state == rollback)
#define WAS_CANCELLED(i) (rel[i] == beginRollback || rel[i] == rollback)

/* Faults of one transfer. */
#define LOSSES_OF(i) \
  :: atomic { faults > 0 && requestSent[i] -> faults--; requestSent[i] = false; SAY("@ FAULT: the publication of request %d is lost\n", i) } \
  :: atomic { faults > 0 && receiptSent[i] -> faults--; receiptSent[i] = false; SAY("@ FAULT: the publication of the receipt of %d is lost\n", i) } \
  :: atomic { faults > 0 && executeSent[i] -> faults--; executeSent[i] = false; SAY("@ FAULT: the transaction that executes %d is lost\n", i) } \
  :: atomic { faults > 0 && cancelSent[i] -> faults--; cancelSent[i] = false; SAY("@ FAULT: the transaction that cancels %d is lost\n", i) } \
  :: atomic { faults > 0 && settleSent[i] -> faults--; settleSent[i] = false; SAY("@ FAULT: the transaction that settles %d is lost\n", i) }
#define COPIES_OF(i) \
  :: atomic { faults > 0 && (!requestSent[i] && rel[i] != none) -> faults--; requestSent[i] = true; SAY("@ FAULT: a copy of request %d is published late\n", i) } \
  :: atomic { faults > 0 && (!receiptSent[i] && IS_FINAL_STATE(rel[i])) -> faults--; receiptSent[i] = true; SAY("@ FAULT: a copy of the receipt of %d is published late\n", i) } \
  :: atomic { faults > 0 && (!executeSent[i] && rel[i] != none && !noBody[i]) -> faults--; executeSent[i] = true; SAY("@ FAULT: an old instance executes %d late\n", i) } \
  :: atomic { faults > 0 && (!cancelSent[i] && WAS_CANCELLED(i)) -> faults--; cancelSent[i] = true; SAY("@ FAULT: an old instance cancels %d late\n", i) } \
  :: atomic { faults > 0 && (!settleSent[i] && IS_FINAL_STATE(rel[i])) -> faults--; settleSent[i] = true; SAY("@ FAULT: an old instance settles %d late\n", i) }

proctype fault() {
  byte i;
end:
  do
#ifdef WITH_KILLS
  :: atomic { faults > 0 && cursorA + positionA > 0 -> faults--; crashA(i) }
  :: atomic { faults > 0 && cursorB + positionB > 0 -> faults--; crashB(i) }
#endif
#ifdef WITH_CHAINS
  :: atomic { faults > 0 && lengthA > finalA -> faults--; reorganiseA(i); do :: lengthA > finalA -> reorganiseA(i) :: break od }
  :: atomic { faults > 0 && lengthB > finalB -> faults--; reorganiseB(i); do :: lengthB > finalB -> reorganiseB(i) :: break od }
  :: atomic { faults > 0 && upA -> faults--; upA = false; printf("@ FAULT: chain A is down\n") }
  :: atomic { faults > 0 && upB -> faults--; upB = false; printf("@ FAULT: chain B is down\n") }
#endif
#ifdef WITH_LOSSES
  LOSSES_OF(0)
#if N > 1
  LOSSES_OF(1)
#endif
#endif
#ifdef WITH_COPIES
  COPIES_OF(0)
#if N > 1
  COPIES_OF(1)
#endif
#endif
  :: atomic { faults == 0 -> i = 0; break }
  od
}

/* What is down comes back. */
proctype back() {
end:
  do
  :: atomic { !upA -> upA = true; printf("@ chain A is back\n") }
  :: atomic { !upB -> upB = true; printf("@ chain B is back\n") }
  od
}

init {
  atomic {
    run user(); run chainA(); run chainB(); run relay(); run clock();
    run booksA(); run senderA(); run booksB(); run senderB();
    run fault(); run back()
  }
}

#define ENDED(i) (src[i] == committed || src[i] == rolledBack)
#define CLOSED(i) (outA[i] == none && !settleOpen[i] && outB[i] == none && executeOpen[i] == none && !cancelOpen[i])

ltl safe { [] EACH(SAFE) }
ltl ends { <> (EACH(ENDED) && finalA == lengthA) }
ltl closes { <> [] EACH(CLOSED) }
