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
