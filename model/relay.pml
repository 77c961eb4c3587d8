/* The relay chain: what it takes is in its log for good (synced before it is signed, docs/protocol.md, "Relay chain"). */

#include "relay-table.pml"

mtype rel[N] = none;
mtype next; /* what the table answers; none again after each step */

#ifdef MUTATE_LATE_SUCCESS_REFUSED
#define TABLE_REFUSES(i, event) (rel[i] == beginRollback && event == success)
#else
#define TABLE_REFUSES(i, event) false
#endif

/* Orders an event of a transfer if the table says so: `next` is the new state, or none. */
inline stepRelay(i, event) {
  stepTransfer(rel[i], event);
  if
  :: TABLE_REFUSES(i, event) -> next = none
  :: else
  fi;
  if
  :: next != none -> rel[i] = next
  :: else
  fi
}
