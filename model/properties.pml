/* What must hold. Each is searched for on its own. */

#if N == 1
#define EACH(p) (p(0))
#elif N == 2
#define EACH(p) (p(0) && p(1))
#else
#define EACH(p) (p(0) && p(1) && p(2))
#endif

#define NOT_BOTH(i) (!(commits[i] > 0 && rollbacks[i] > 0))
#define SETTLED_ONCE(i) (commits[i] + rollbacks[i] <= 1)
#define EXECUTED_ONCE(i) (executions[i] <= 1)
#define NOT_AFTER_CANCEL(i) (!(executions[i] > 0 && cancels[i]))
#define COMMIT_EXECUTED(i) (commits[i] == 0 || executions[i] > 0)
#define ROLLBACK_NOT_EXECUTED(i) (rollbacks[i] == 0 || executions[i] == 0)
#define DECIDED_FIRST(i) (commits[i] + rollbacks[i] == 0 || dst[i] != none)
#define SAFE(i) (NOT_BOTH(i) && SETTLED_ONCE(i) && EXECUTED_ONCE(i) && NOT_AFTER_CANCEL(i) && COMMIT_EXECUTED(i) && ROLLBACK_NOT_EXECUTED(i) && DECIDED_FIRST(i))
