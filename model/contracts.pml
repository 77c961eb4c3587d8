/* Source.sol and Destination.sol, as far as they decide. What a service saw is counted apart from what the contract remembers, so that a contract that forgets is noticed. */

mtype src[N] = none; /* state of the commitment in the source contract */
byte commits[N];     /* calls of onReceipt with SUCCESS */
byte rollbacks[N];   /* calls of onReceipt with FAILURE or ROLLBACK */

mtype dst[N] = none; /* receipt in the destination contract */
byte executions[N];  /* calls of onRequest that took effect */
bool cancels[N];     /* cancelled, as its event says */

bool changed; /* whether the contract call just made changed anything; false again after each step */

#if N == 1
#define SETTLED_BELOW(i) 0
#define REQUESTED_BELOW(i) true
#elif N == 2
#define SETTLED(i) (src[i] == committed || src[i] == rolledBack)
#define SETTLED_BELOW(i) (SETTLED(0) -> (SETTLED(1) -> 2 : 1) : 0)
#define REQUESTED_BELOW(i) ((i) == 0 || src[0] != none)
#else
#define SETTLED(i) (src[i] == committed || src[i] == rolledBack)
#define SETTLED_BELOW(i) (SETTLED(0) -> (SETTLED(1) -> (SETTLED(2) -> 3 : 2) : 1) : 0)
#define REQUESTED_BELOW(i) ((i) == 0 || src[(i) - 1] != none)
#endif

/* Source contract, `request`: indexes ascend, and no more than WINDOW are undecided. */
#define MAY_REQUEST(i) (src[i] == none && REQUESTED_BELOW(i) && (i) - SETTLED_BELOW(i) < WINDOW)

/* Destination contract, `execute`: an index is decided once; an ordered service takes the next index only. */
#ifdef ORDERED
#define IN_ORDER(i) ((i) == 0 || dst[(i) - 1] != none)
#else
#define IN_ORDER(i) true
#endif
#ifdef MUTATE_DEDUPE
#define UNDECIDED(i) true
#elif defined(MUTATE_LATE_EXECUTE)
#define UNDECIDED(i) (dst[i] == none || dst[i] == rollback)
#else
#define UNDECIDED(i) (dst[i] == none)
#endif

inline execute(i) {
  changed = false;
  if
  :: UNDECIDED(i) && IN_ORDER(i) && executions[i] < 2 ->
    changed = true;
    if
    :: dst[i] = success; executions[i]++; SAY("@ destination: executes %d\n", i)
#ifndef CALLS_SUCCEED
    :: dst[i] = failure; SAY("@ destination: call of %d fails, FAILURE\n", i)
#endif
    fi
  :: else
  fi
}

inline cancelIndex(i) {
  changed = false;
  if
  :: dst[i] == none -> changed = true; dst[i] = rollback; cancels[i] = true; SAY("@ destination: cancels %d for ever\n", i)
  :: else
  fi
}

/* Source contract, `settle`: once. */
#ifdef MUTATE_SOURCE_FORGETS
#define UNSETTLED(i) (src[i] != none && commits[i] + rollbacks[i] < 2)
#else
#define UNSETTLED(i) (src[i] == pending)
#endif

inline settle(i, status) {
  changed = false;
  if
  :: UNSETTLED(i) && status == success -> changed = true; src[i] = committed; commits[i]++; SAY("@ source: commits %d\n", i)
  :: UNSETTLED(i) && status != success -> changed = true; src[i] = rolledBack; rollbacks[i]++; SAY("@ source: rolls %d back\n", i)
  :: else
  fi
}

/* A reorganisation takes a decision out of the chain again. */
inline undoDecision(i) {
  if
  :: dst[i] == success -> executions[i]--
  :: dst[i] == rollback -> cancels[i] = false
  :: else
  fi;
  dst[i] = none;
  SAY("@ destination: the block that decided %d is reorganised away\n", i)
}

inline undoSettle(i) {
  if
  :: src[i] == committed -> commits[i]--
  :: else -> rollbacks[i]--
  fi;
  src[i] = pending;
  SAY("@ source: the block that settled %d is reorganised away\n", i)
}
