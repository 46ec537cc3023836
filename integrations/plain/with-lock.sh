#!/bin/sh
# with-lock.sh ENVIRONMENT COMMAND [ARGUMENT...]
#
# Runs a command while holding an environment, where call-me itself cannot be installed: sh, curl, grep, sed and awk are all it needs.
#   CALL_ME_URL      the server, such as https://call-me.example
#   CALL_ME_API_KEY  the key, if the server asks for one; it is in nobody's list of processes, since curl reads it from stdin
#   CALL_ME_ID_TOKEN the token that says which CI job this is, where there is no key; GitHub Actions are asked for it (CALL_ME_AUDIENCE)
#   CALL_ME_CA       a PEM file with the authorities of the server's certificate; CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY: our own, if it asks
#   CALL_ME_TTL      how long the lease outlives us if we are killed; it is renewed at every third of that while the command runs (60s)
#   CALL_ME_WAIT     how long one call waits for the environment, and so how late a signal is heard while it is not held (5s)
#   CALL_ME_HOLDER   who it is for, as those who wait see it; CALL_ME_RUN_URL: where that can be looked at (from the CI system's variables)
# Exit code: the command's own; 2 usage, 3 settings or key, 4 not acquired, 6 lease lost while the command ran, 128+n after signal n.
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
for seconds in "${CALL_ME_TTL:-60s}" "${CALL_ME_WAIT:-5s}"; do
  case $seconds in s | *[!0-9]*[!s] | *[!0-9s]* | *[!s]) fail 2 "CALL_ME_TTL and CALL_ME_WAIT are whole seconds, such as 90s, not $seconds" ;; esac
done
ttl=${CALL_ME_TTL:-60s} ttl=${ttl%s}
[ "$ttl" -ge 15 ] || fail 2 "CALL_ME_TTL is 15s at least, not ${ttl}s: sh and curl are too slow to renew in less"
command -v "$1" >/dev/null || fail 127 "command not found: $1"
[ -n "${CALL_ME_URL:-}" ] || fail 3 "set CALL_ME_URL to the address of the server"

# The same id with every try: a lost answer costs neither the lease nor the place in line.
if [ -r /proc/sys/kernel/random/uuid ]; then read -r request_id </proc/sys/kernel/random/uuid; else request_id=$(uuidgen); fi

# Ours, and not the command's.
id_token=${CALL_ME_ID_TOKEN:-}
unset CALL_ME_ID_TOKEN

answer=
token=
shown='key; set CALL_ME_API_KEY'
meant=
child=
all=
keeper=
gate=

# fill WORD...: all of them as one, or nothing, and false, if one of them is empty.
fill() {
  for word; do [ -n "$word" ] || return 1; done
  printf '%s' "$@"
}
as_base() { printf '%s' "${1%/}"; }
as_branch() { printf '%s' "$1" | sed 's|^refs/\(heads\|tags\)/||'; }
as_origin() { printf '%s' "$1" | sed -n 's|^\([a-z]*://[^/]*\).*|\1|p'; }
as_uri() {
  printf '%s' "$1" | LC_ALL=C awk 'BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i }
    { for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); printf "%s", c ~ /[A-Za-z0-9_.~-]/ ? c : sprintf("%%%02X", code[c]) } }'
}

# Made from clients/ci-systems.json by npm run generate: what CI systems tell of a run.
ci() {
  if [ -n "${GITHUB_ACTIONS:-}" ]; then system='GitHub Actions'
  elif [ -n "${GITLAB_CI:-}" ]; then system='GitLab'
  elif [ -n "${JENKINS_URL:-}" ] || [ -n "${JENKINS_HOME:-}" ]; then system='Jenkins'
  elif [ -n "${BUILDKITE:-}" ]; then system='Buildkite'
  elif [ -n "${CIRCLECI:-}" ]; then system='CircleCI'
  elif [ -n "${TF_BUILD:-}" ] || [ -n "${BUILD_BUILDURI:-}" ]; then system='Azure Pipelines'
  elif [ -n "${BITBUCKET_BUILD_NUMBER:-}" ]; then system='Bitbucket Pipelines'
  elif [ -n "${TEAMCITY_VERSION:-}" ]; then system='TeamCity'
  elif [ "${CI:-}" = woodpecker ]; then system='Woodpecker'
  elif [ -n "${DRONE:-}" ]; then system='Drone'
  elif [ -n "${APPVEYOR:-}" ]; then system='AppVeyor'
  elif [ -n "${bamboo_agentId:-}" ]; then system='Bamboo'
  elif [ -n "${BITRISE_IO:-}" ]; then system='Bitrise'
  elif [ -n "${BUDDY_WORKSPACE_ID:-}" ]; then system='Buddy'
  elif [ -n "${CIRRUS_CI:-}" ]; then system='Cirrus CI'
  elif [ -n "${CF_PAGES:-}" ]; then system='Cloudflare Pages'
  elif [ -n "${CODEBUILD_BUILD_ID:-}" ]; then system='AWS CodeBuild'
  elif [ -n "${CF_BUILD_ID:-}" ]; then system='Codefresh'
  elif [ "${CI_NAME:-}" = codeship ]; then system='Codeship'
  elif [ -n "${JB_SPACE_EXECUTION_NUMBER:-}" ]; then system='JetBrains Space'
  elif [ -n "${NETLIFY:-}" ]; then system='Netlify'
  elif [ -n "${SCREWDRIVER:-}" ]; then system='Screwdriver'
  elif [ -n "${SEMAPHORE:-}" ]; then system='Semaphore'
  elif [ -n "${TRAVIS:-}" ]; then system='Travis CI'
  elif [ -n "${VELA:-}" ]; then system='Vela'
  elif [ -n "${VERCEL:-}" ]; then system='Vercel'
  else
    for system in 'GitHub Actions' 'GitLab' 'Jenkins' 'Buildkite' 'CircleCI' 'Azure Pipelines' 'Bitbucket Pipelines' 'TeamCity' 'Woodpecker' 'Drone' 'AppVeyor' 'Bamboo' 'Bitrise' 'Buddy' 'Cirrus CI' 'Cloudflare Pages' 'AWS CodeBuild' 'Codefresh' 'Codeship' 'JetBrains Space' 'Netlify' 'Screwdriver' 'Semaphore' 'Travis CI' 'Vela' 'Vercel'; do
      tell
      [ -z "$run_url" ] || return 0
    done
    system=
  fi
  tell
}
tell() {
  run_url='' repository='' number=''
  case $system in
    'GitHub Actions')
      run_url=$(fill "${GITHUB_SERVER_URL:-}" '/' "${GITHUB_REPOSITORY:-}" '/actions/runs/' "${GITHUB_RUN_ID:-}")
      repository=$(fill "${GITHUB_REPOSITORY:-}")
      number=$(fill "${GITHUB_RUN_NUMBER:-}" || fill "${GITHUB_RUN_ID:-}")
      ;;
    'GitLab')
      run_url=$(fill "${CI_PIPELINE_URL:-}" || fill "${CI_JOB_URL:-}")
      repository=$(fill "${CI_PROJECT_PATH:-}")
      number=$(fill "${CI_PIPELINE_IID:-}" || fill "${CI_PIPELINE_ID:-}")
      ;;
    'Jenkins')
      run_url=$(fill "${BUILD_URL:-}")
      repository=$(fill "${JOB_NAME:-}")
      number=$(fill "${BUILD_NUMBER:-}")
      ;;
    'Buildkite')
      run_url=$(fill "${BUILDKITE_BUILD_URL:-}")
      repository=$(fill "${BUILDKITE_PIPELINE_SLUG:-}")
      number=$(fill "${BUILDKITE_BUILD_NUMBER:-}")
      ;;
    'CircleCI')
      run_url=$(fill "$(as_origin "${CIRCLE_BUILD_URL:-}")" '/workflow-run/' "${CIRCLE_WORKFLOW_ID:-}" || fill "${CIRCLE_BUILD_URL:-}")
      repository=$(fill "${CIRCLE_PROJECT_USERNAME:-}" '/' "${CIRCLE_PROJECT_REPONAME:-}")
      number=$(fill "${CIRCLE_BUILD_NUM:-}")
      ;;
    'Azure Pipelines')
      run_url=$(fill "$(as_base "${SYSTEM_COLLECTIONURI:-}")" '/' "$(as_uri "${SYSTEM_TEAMPROJECT:-}")" '/_build/results?buildId=' "${BUILD_BUILDID:-}" || fill "$(as_base "${SYSTEM_TEAMFOUNDATIONCOLLECTIONURI:-}")" '/' "$(as_uri "${SYSTEM_TEAMPROJECT:-}")" '/_build/results?buildId=' "${BUILD_BUILDID:-}")
      repository=$(fill "${BUILD_REPOSITORY_NAME:-}")
      number=$(fill "${BUILD_BUILDNUMBER:-}")
      ;;
    'Bitbucket Pipelines')
      run_url=$(fill 'https://bitbucket.org/' "${BITBUCKET_REPO_FULL_NAME:-}" '/pipelines/results/' "${BITBUCKET_BUILD_NUMBER:-}")
      repository=$(fill "${BITBUCKET_REPO_FULL_NAME:-}")
      number=$(fill "${BITBUCKET_BUILD_NUMBER:-}")
      ;;
    'TeamCity')
      run_url=$(fill "${BUILD_URL:-}")
      repository=$(fill "${TEAMCITY_PROJECT_NAME:-}")
      number=$(fill "${BUILD_NUMBER:-}")
      ;;
    'Woodpecker')
      run_url=$(fill "${CI_PIPELINE_URL:-}")
      repository=$(fill "${CI_REPO:-}" || fill "${CI_REPO_OWNER:-}" '/' "${CI_REPO_NAME:-}")
      number=$(fill "${CI_PIPELINE_NUMBER:-}")
      ;;
    'Drone')
      run_url=$(fill "${DRONE_BUILD_LINK:-}")
      repository=$(fill "${DRONE_REPO_OWNER:-}" '/' "${DRONE_REPO_NAME:-}")
      number=$(fill "${DRONE_BUILD_NUMBER:-}")
      ;;
    'AppVeyor')
      run_url=$(fill 'https://ci.appveyor.com/project/' "${APPVEYOR_ACCOUNT_NAME:-}" '/' "${APPVEYOR_PROJECT_SLUG:-}" '/builds/' "${APPVEYOR_BUILD_ID:-}")
      repository=$(fill "${APPVEYOR_REPO_NAME:-}")
      number=$(fill "${APPVEYOR_BUILD_NUMBER:-}")
      ;;
    'Bamboo')
      run_url=$(fill "${bamboo_buildResultsUrl:-}")
      repository=$(fill "${bamboo_planKey:-}")
      number=$(fill "${bamboo_buildNumber:-}")
      ;;
    'Bitrise')
      run_url=$(fill "${BITRISE_BUILD_URL:-}")
      repository=$(fill "${BITRISE_APP_SLUG:-}")
      number=$(fill "${BITRISE_BUILD_NUMBER:-}")
      ;;
    'Buddy')
      run_url=$(fill "${BUDDY_EXECUTION_URL:-}")
      repository=$(fill "${BUDDY_REPO_SLUG:-}")
      number=$(fill "${BUDDY_EXECUTION_ID:-}")
      ;;
    'Cirrus CI')
      run_url=$(fill 'https://cirrus-ci.com/build/' "${CIRRUS_BUILD_ID:-}")
      repository=$(fill "${CIRRUS_REPO_FULL_NAME:-}")
      number=$(fill "${CIRRUS_BUILD_ID:-}")
      ;;
    'Cloudflare Pages')

      ;;
    'AWS CodeBuild')
      run_url=$(fill 'https://console.aws.amazon.com/codebuild/home?region=' "${AWS_REGION:-}" '#/builds/' "${CODEBUILD_BUILD_ID:-}" '/view/new')
      number=$(fill "${CODEBUILD_BUILD_NUMBER:-}")
      ;;
    'Codefresh')
      run_url=$(fill "${CF_BUILD_URL:-}")
      repository=$(fill "${CF_REPO_OWNER:-}" '/' "${CF_REPO_NAME:-}")
      number=$(fill "${CF_BUILD_ID:-}")
      ;;
    'Codeship')
      run_url=$(fill "${CI_BUILD_URL:-}")
      repository=$(fill "${CI_REPO_NAME:-}")
      number=$(fill "${CI_BUILD_NUMBER:-}")
      ;;
    'JetBrains Space')
      run_url=$(fill "${JB_SPACE_EXECUTION_URL:-}")
      repository=$(fill "${JB_SPACE_PROJECT_KEY:-}" '/' "${JB_SPACE_GIT_REPOSITORY_NAME:-}")
      number=$(fill "${JB_SPACE_EXECUTION_NUMBER:-}")
      ;;
    'Netlify')
      run_url=$(fill 'https://app.netlify.com/sites/' "${SITE_NAME:-}" '/deploys/' "${DEPLOY_ID:-}")
      repository=$(fill "${SITE_NAME:-}")
      number=$(fill "${DEPLOY_ID:-}")
      ;;
    'Screwdriver')
      run_url=$(fill "${SD_UI_BUILD_URL:-}")
      repository=$(fill "${SD_PIPELINE_NAME:-}")
      number=$(fill "${SD_BUILD_ID:-}")
      ;;
    'Semaphore')
      run_url=$(fill "$(as_base "${SEMAPHORE_ORGANIZATION_URL:-}")" '/workflows/' "${SEMAPHORE_WORKFLOW_ID:-}")
      repository=$(fill "${SEMAPHORE_GIT_REPO_SLUG:-}")
      number=$(fill "${SEMAPHORE_WORKFLOW_NUMBER:-}" || fill "${SEMAPHORE_JOB_ID:-}")
      ;;
    'Travis CI')
      run_url=$(fill "${TRAVIS_BUILD_WEB_URL:-}")
      repository=$(fill "${TRAVIS_REPO_SLUG:-}")
      number=$(fill "${TRAVIS_BUILD_NUMBER:-}")
      ;;
    'Vela')
      run_url=$(fill "${VELA_BUILD_LINK:-}")
      repository=$(fill "${VELA_REPO_FULL_NAME:-}")
      number=$(fill "${VELA_BUILD_NUMBER:-}")
      ;;
    'Vercel')
      repository=$(fill "${VERCEL_GIT_REPO_OWNER:-}" '/' "${VERCEL_GIT_REPO_SLUG:-}")
      ;;
  esac
}
# End of what was made.

# A text as the server takes it, and JSON: no control and bidirectional characters, quotes or backslashes, and 512 characters at most.
clean() {
  printf '%s' "$1" | LC_ALL=C tr -d '\000-\037\177"\\' |
    LC_ALL=C sed "$(printf 's/\302[\200-\237]//g; s/\330\234//g; s/\342\200[\216\217\250-\256]//g; s/\342\201[\246-\251]//g')" |
    LC_ALL=C awk '{ for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); if (c !~ /[\200-\277]/ && ++n > 512) exit; printf "%s", c } }'
}

# What opens a call. Once there is a lease, its own token does for all but Acquire: the job's may end before the job does.
opener() {
  if [ "$1" != Acquire ] && [ -n "$token" ]; then printf 'x-api-key: %s\n' "$token"
  elif [ -n "${CALL_ME_API_KEY:-}" ]; then printf 'x-api-key: %s\n' "$CALL_ME_API_KEY"
  elif [ -n "$id_token" ]; then printf 'authorization: Bearer %s\n' "$id_token"
  fi
}

# call METHOD MESSAGE [SECONDS]: the answer on stdout; nothing if there was none.
call() {
  opener "$1" |
    curl -s --noproxy '*' ${CALL_ME_CA:+--cacert "$CALL_ME_CA"} \
      ${CALL_ME_CLIENT_CERT:+--cert "$CALL_ME_CLIENT_CERT" --key "${CALL_ME_CLIENT_KEY:-}"} \
      --max-time "${3:-15}" -H @- -H 'content-type: application/json' -d "$2" "${CALL_ME_URL%/}/callme.v1.LockService/$1"
}

# A quote within somebody's text has a backslash before it, so these match the lease's own fields only.
state_is() { printf '%s' "$answer" | grep -q "\"lease\":{\"id\":\"[^\"]*\",\"state\":\"LEASE_STATE_$1\""; }
lease() { printf '%s' "$answer" | grep -o '"lease":{"id":"[^"]*"' | grep -o '[0-9a-f-]\{36\}'; }

# Whether nobody can listen to what is sent to the server.
is_private() {
  host=${origin#http://} host=${host%:*}
  case $origin in https://*) return 0 ;; esac
  case $host in localhost) return 0 ;; 127.*[!0-9.]*) return 1 ;; 127.*) return 0 ;; *) [ "${CALL_ME_INSECURE:-}" = on ] ;; esac
}

# Without a key: the token by which GitHub says which job this is, unless the pipeline gave one.
identify() {
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}$id_token" ] || return 0
  shown="token of this job; its operator finds out why in its log, and looks at the rules in CALL_ME_ACCESS"
  origin=$(as_origin "$CALL_ME_URL")
  is_private || fail 3 "the job's token is not sent in clear text to $CALL_ME_URL; write https://, or set CALL_ME_INSECURE=on"
  [ -z "$id_token" ] || return 0
  id_token=$(printf 'authorization: Bearer %s\n' "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-}" |
    curl -s --max-time 10 --retry 2 -H @- -G --data-urlencode "audience=${CALL_ME_AUDIENCE:-$origin}" "$ACTIONS_ID_TOKEN_REQUEST_URL" |
    sed -n 's/.*"value" *: *"\([A-Za-z0-9_.-]*\)".*/\1/p')
  [ -n "$id_token" ] || fail 3 "GitHub gives this job no token; its workflow needs permissions: id-token: write"
}

# What an error says. Its quotes have a backslash before them in JSON.
message() { printf '%s' "$answer" | sed 's/^{"code":"[a-z_]*","message":"\(\([^"\\]\|\\.\)*\)".*/\1/; s/\\\(.\)/\1/g'; }

# Says once what was probably meant by a name that nobody has configured.
suggest() {
  [ -z "$meant" ] || return 0
  meant=$(printf '%s' "$answer" | sed -n 's/.*"didYouMean":\["\([^]]*\)"\].*/\1/p' | sed 's/","/ or /g')
  [ -z "$meant" ] || echo "with-lock: nobody has configured $environment; did you mean $meant?" >&2
}

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

# All that the command started, which is a process group where that can be had: SIGTERM, and SIGKILL 3 s later. It must be gone before somebody else gets the environment.
end_command() {
  [ -n "$child" ] || return 0
  tries=30
  kill -TERM "$all" 2>/dev/null
  while kill -0 "$all" 2>/dev/null && [ "$tries" -gt 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
  kill -KILL "$all" 2>/dev/null
  wait "$child" 2>/dev/null
}

# A shell that has only just been forked loses every other signal.
stop_keeper() {
  rm -f "$gate"
  # Some shells tell of what was killed.
  { [ -z "$keeper" ] || { kill -KILL "$keeper" && wait "$keeper"; }; } 2>/dev/null
}

# ended CODE [WORDS]: something else than the command's own end.
ended() {
  trap '' HUP INT TERM USR1
  [ $# -lt 2 ] || echo "with-lock: $2" >&2
  end_command
  stop_keeper
  release
  exit "$1"
}

# Runs beside the command: renews, and tells us by USR1 when the lease is lost. If we are gone, of SIGKILL, it ends what the command started.
keep() {
  exec </dev/null >/dev/null 2>&1
  rm -f "$gate"
  renewed=$(date +%s)
  pause=$((ttl / 3))
  while :; do
    sleep "$pause"
    if ! kill -0 $$ 2>/dev/null; then
      kill -KILL "$all"
      exit
    fi
    sent=$(date +%s)
    kept=$(call Renew "{\"leaseId\":\"$1\"}" 4)
    case $kept in
      *'"state":"LEASE_STATE_HELD"'*"\"fencingToken\":\"$2\""*) renewed=$sent pause=$((ttl / 3)) ;;
      *'"lease":'* | *'"reason":"LEASE_ENDED"'* | *'"reason":"LEASE_NOT_FOUND"'*) kill -USR1 $$ && exit ;;
      *) pause=1 ;;
    esac
    # What is left must do for the command's end.
    [ $(($(date +%s) - renewed)) -lt $((ttl - 9)) ] || { kill -USR1 $$ && exit; }
  done
}

trap release EXIT
trap 'ended 129' HUP
trap 'ended 130' INT
trap 'ended 143' TERM

ci
run_url=${CALL_ME_RUN_URL:-$run_url}
name=$(fill "${CALL_ME_REPOSITORY:-$repository}" ' #' "${CALL_ME_RUN_NUMBER:-$number}" || echo "$(id -un 2>/dev/null || echo someone)@$(uname -n)")
if [ -n "${CI:-}$system$run_url" ]; then kind=PIPELINE; else kind=HUMAN; fi
said=$(clean "${CALL_ME_HOLDER:-}")
holder="{\"name\":\"${said:-$(clean "$name")}\",\"kind\":\"HOLDER_KIND_$kind\",\"runUrl\":\"$(clean "$run_url")\"}"
request="\"environment\":\"$environment\",\"requestId\":\"$request_id\",\"ttl\":\"${ttl}s\",\"holder\":$holder"

# A shell looks at its signals between two calls: no call waits longer than a job that is ended has time for.
[ -n "${CALL_ME_API_KEY:-}" ] || identify
while :; do
  wait="\"wait\":\"${CALL_ME_WAIT:-5s}\""
  if [ -z "$id_token" ] || [ -z "$token" ]; then answer=$(call Acquire "{$request,$wait}")
  else answer=$(call GetLease "{\"leaseId\":\"$id\",$wait}")
  fi
  if [ -z "$token" ]; then token=$(printf '%s' "$answer" | sed -n 's/.*"leaseToken":"\(cml_[A-Za-z0-9_-]*\)".*/\1/p') id=$(lease); fi
  suggest
  if state_is HELD; then break; fi
  if state_is ENDED; then fail 4 "not acquired: $(printf '%s' "$answer" | grep -o '"endReason":"[A-Z_]*"')"; fi
  case $answer in
    *'"code":"unauthenticated"'*) fail 3 "the server does not accept the $shown" ;;
    *'"code":"permission_denied"'*) fail 3 "not allowed: $(message)" ;;
    *'"reason":"QUEUE_FULL"'* | *'"reason":"QUOTA_REACHED"'*) fail 4 "not acquired: $(message)" ;;
    *'"type":"google.rpc.RetryInfo"'*) echo "with-lock: $CALL_ME_URL cannot serve this now; trying again" >&2 && sleep 2 ;;
    *'"code":"unavailable"'* | '') echo "with-lock: no answer from $CALL_ME_URL; trying again" >&2 && sleep 2 ;;
    *'"lease":'*) echo "with-lock: waiting for $environment, position $(printf '%s' "$answer" | grep -o '"position":[0-9]*' | grep -o '[0-9]*')" >&2 ;;
    '{"code":"'*) fail 1 "$CALL_ME_URL refuses this: $(message)" ;;
    *) fail 1 "unexpected answer; is $CALL_ME_URL a call-me server?" ;;
  esac
done

# In the background, because a shell hears a signal at once only while it waits; in a process group of its own, which is ended as a whole.
# Its stdin goes round by 3: what runs in the background has none of its own.
exec 3<&0
# It begins when the keeper has taken the gate away: before that nobody would end it if we were killed.
gate=$(mktemp) || fail 1 "no temporary file can be made"
begin='gate=$1 parent=$2; shift 2; while [ -e "$gate" ]; do kill -0 "$parent" 2>/dev/null || exit; sleep 0.05; done; exec "$@"'
if command -v setsid >/dev/null; then
  setsid sh -c "$begin" with-lock "$gate" $$ "$@" <&3 3<&- &
  all=-$!
elif command -v perl >/dev/null; then
  perl -e 'use POSIX; setsid; exec @ARGV; exit 127' sh -c "$begin" with-lock "$gate" $$ "$@" <&3 3<&- &
  all=-$!
else
  echo "with-lock: neither setsid nor perl is here: what the command leaves behind is not ended" >&2
  sh -c "$begin" with-lock "$gate" $$ "$@" <&3 3<&- &
  all=$!
fi
child=$!
exec 3<&-
trap 'ended 6 "the lease is lost; ending the command"' USR1
fence=$(printf '%s' "$answer" | grep -o '"fencingToken":"[0-9]*"' | grep -o '[0-9]*' | head -n 1)
keep "$(lease)" "$fence" &
keeper=$!
wait "$child"
status=$?
end_command
child=
stop_keeper
release
exit "$status"
