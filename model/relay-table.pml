/* The relay's transition table. core/protocol/test/relay-table.test.ts compares every pair of state and event with stepTransfer of
   core/protocol/src/transfer-state.ts: change both or none. One line per transition; what no line names is refused. */
inline stepTransfer(state, event) {
  if
  :: state == begin && event == cancel -> next = beginRollback
  :: state == begin && event == success -> next = success
  :: state == begin && event == failure -> next = failure
  :: state == beginRollback && event == success -> next = success
  :: state == beginRollback && event == failure -> next = failure
  :: state == beginRollback && event == rollback -> next = rollback
  :: else -> next = none
  fi
}
