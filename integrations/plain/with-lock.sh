#!/bin/sh
# with-lock.sh ENVIRONMENT COMMAND [ARGUMENT...]
#
# Runs a command while holding an environment, where call-me itself cannot be installed: sh, curl and grep are all it needs.
#   CALL_ME_URL      the server, such as https://call-me.example
#   CALL_ME_API_KEY  the key; it is in nobody's list of processes, since curl reads it from stdin
#   CALL_ME_TTL      how long the environment is held at most: nothing is renewed here, so no shorter than the job's own time limit (3600s)
#   CALL_ME_WAIT     how long one call waits for the environment, and so how late a signal is heard while it is not held (5s)
#   CALL_ME_HOLDER   who it is for, as those who wait see it; CALL_ME_RUN_URL: where that can be looked at
# Exit code: the command's own; 2 usage, 3 settings or key, 4 not acquired, 128+n after signal n.
set -u

fail() {
  code=$1
  shift
  echo "with-lock: $*" >&2
  exit "$code"
}

[ $# -ge 2 ] || fail 2 "say what to hold and what to run: with-lock.sh uat make test"
environment=$1
shift
case $environment in *[!A-Za-z0-9._/-]*) fail 2 "the name of an environment has only A-Z a-z 0-9 . _ / - in it: $environment" ;; esac
case ${CALL_ME_HOLDER:-}${CALL_ME_RUN_URL:-} in *[\"\\]*) fail 2 "CALL_ME_HOLDER and CALL_ME_RUN_URL must do without quotes and backslashes" ;; esac
for seconds in "${CALL_ME_TTL:-3600s}" "${CALL_ME_WAIT:-5s}"; do
  case $seconds in s | *[!0-9]*[!s] | *[!0-9s]* | *[!s]) fail 2 "CALL_ME_TTL and CALL_ME_WAIT are whole seconds, such as 2700s, not $seconds" ;; esac
done
[ -n "${CALL_ME_URL:-}" ] || fail 3 "set CALL_ME_URL to the address of the server"
[ -n "${CALL_ME_API_KEY:-}" ] || fail 3 "set CALL_ME_API_KEY to the key"

# The same id with every try: a lost answer costs neither the lease nor the place in line.
if [ -r /proc/sys/kernel/random/uuid ]; then read -r request_id </proc/sys/kernel/random/uuid; else request_id=$(uuidgen); fi

answer=
child=

# call METHOD MESSAGE: the answer on stdout; nothing if there was none.
call() {
  printf 'x-api-key: %s\n' "$CALL_ME_API_KEY" |
    curl -s --max-time 15 -H @- -H 'content-type: application/json' -d "$2" "${CALL_ME_URL%/}/callme.v1.LockService/$1"
}

# A quote within somebody's text has a backslash before it, so these match the lease's own fields only.
state_is() { printf '%s' "$answer" | grep -q "\"lease\":{\"id\":\"[^\"]*\",\"state\":\"LEASE_STATE_$1\""; }
lease() { printf '%s' "$answer" | grep -o '"lease":{"id":"[^"]*"' | grep -o '[0-9a-f-]\{36\}'; }

# By its id, so that it can be repeated and never hits who comes next. A lease that waits is withdrawn.
release() {
  trap '' HUP INT TERM
  trap - EXIT
  id=$(lease) || return 0
  for pause in 1 2 0; do
    call Release "{\"leaseId\":\"$id\"}" | grep -q '"lease":' && return 0
    sleep "$pause"
  done
  echo "with-lock: the server is out of reach; lease $id ends by itself" >&2
}

# The command first: it must be gone before somebody else gets the environment.
interrupted() {
  trap '' HUP INT TERM
  if [ -n "$child" ]; then
    kill -TERM "$child" 2>/dev/null
    wait "$child"
  fi
  release
  exit "$1"
}

trap release EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

holder="{\"name\":\"${CALL_ME_HOLDER:-with-lock}\",\"runUrl\":\"${CALL_ME_RUN_URL:-}\"}"
request="\"environment\":\"$environment\",\"requestId\":\"$request_id\",\"ttl\":\"${CALL_ME_TTL:-3600s}\",\"holder\":$holder"

# A shell looks at its signals between two calls: no call waits longer than a job that is ended has time for.
while :; do
  answer=$(call Acquire "{$request,\"wait\":\"${CALL_ME_WAIT:-5s}\"}")
  if state_is HELD; then break; fi
  if state_is ENDED; then fail 4 "not acquired: $(printf '%s' "$answer" | grep -o '"endReason":"[A-Z_]*"')"; fi
  case $answer in
    *'"code":"unauthenticated"'* | *'"code":"permission_denied"'*) fail 3 "the server does not accept the key" ;;
    *'"type":"google.rpc.RetryInfo"'*) echo "with-lock: $CALL_ME_URL cannot serve this now; trying again" >&2 && sleep 2 ;;
    *'"code":"unavailable"'* | '') echo "with-lock: no answer from $CALL_ME_URL; trying again" >&2 && sleep 2 ;;
    *'"lease":'*) echo "with-lock: waiting for $environment, $(printf '%s' "$answer" | grep -o '"position":[0-9]*')" >&2 ;;
    *) fail 1 "unexpected answer; is $CALL_ME_URL a call-me server?" ;;
  esac
done

# In the background, because a shell hears a signal at once only while it waits.
# Its stdin goes round by 3: what runs in the background has none of its own.
exec 3<&0
"$@" <&3 3<&- &
child=$!
exec 3<&-
wait "$child"
status=$?
child=
release
exit "$status"
