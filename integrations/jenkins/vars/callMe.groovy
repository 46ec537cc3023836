// callMe('uat') { sh 'make acceptance' }: runs a closure while this build holds an environment. callMe.txt is its help.
// Only steps, plain loops and methods that the script sandbox allows. All state can be saved: it outlives a restart of the controller.

def call(Map given = [:], Object environments, Closure body) {
  Map options = completed(given)
  int ttl = seconds(options.ttl)
  List names = environments instanceof List ? environments : [environments]
  withEnv(options.url ? ['CALL_ME_URL=' + options.url] : []) {
    withEnv(acquired(options, names)) {
      return held(options, ttl, names.join(', '), body)
    }
  }
}

// With the defaults, and without names that nobody knows.
private Map completed(Map given) {
  Map defaults = [
    ttl: '10m', queueTimeout: '2h', maxHold: '', priority: '', reason: '', name: '', pool: '', url: '', credentialsId: '', cli: 'call-me'
  ]
  for (String name in given.keySet()) {
    if (!defaults.containsKey(name)) error("callMe: there is no option ${name}; there are ${defaults.keySet().join(', ')}")
  }
  return defaults + given
}

// Waits in line; the lease as NAME=value. The key is there for this one step, and not for the body: whoever has the lease's token needs none.
private List acquired(Map options, List names) {
  List words = []
  for (Object name in names) words.add(quoted(name))
  Map flags = [
    ttl: '--ttl', queueTimeout: '--queue-timeout', maxHold: '--max-hold', priority: '--priority', reason: '--reason', name: '--name', pool: '--pool'
  ]
  for (String name in flags.keySet()) {
    if (options[name] != '') words.add(flags[name] + '=' + quoted(options[name]))
  }
  String script = options.cli + ' acquire --output dotenv ' + words.join(' ')
  Map step = [label: 'call-me acquire ' + names.join(' '), returnStdout: true, script: script]
  String answer
  if (options.credentialsId == '') answer = sh(step)
  else withCredentials([string(credentialsId: options.credentialsId, variable: 'CALL_ME_API_KEY')]) { answer = sh(step) }
  List lease = []
  for (String line in answer.split('\n')) {
    if (line.startsWith('CALL_ME_')) lease.add(line.trim())
  }
  return lease
}

// The body in one branch, its renewals in another: they stop with the build, and whichever fails stops the other one.
private Object held(Map options, int ttl, String names, Closure body) {
  Map state = [done: false, released: false]
  try {
    long sent = System.currentTimeMillis()
    // The controller may have been away for long since the lease was granted.
    if (renewal(options) != 0) error("callMe: the lease on ${names} could not be renewed before the body ran")
    Map results = parallel(
      failFast: true,
      held: {
        Object result = body()
        state.done = true
        // Here, because the other branch may take up to 15 s to notice.
        released(options, state)
        return result
      },
      renewal: { renewed(options, ttl, names, sent, state) }
    )
    return results.held
  } finally {
    // Out here, because in there the end of the other branch would interrupt it.
    if (!state.released) released(options, state)
  }
}

// Every third of the ttl; after a failure every twelfth, until the lease may be over.
private void renewed(Map options, int ttl, String names, long first, Map state) {
  long last = first
  long pause = ttl * 1000L / 3
  while (!state.done) {
    long due = System.currentTimeMillis() + pause
    waitUntil(quiet: true) { state.done || System.currentTimeMillis() >= due }
    if (state.done) return
    long sent = System.currentTimeMillis()
    int status = renewal(options)
    if (state.done) return
    if (status == 6) error("callMe: the lease on ${names} was lost")
    if (status == 0) last = sent
    if (System.currentTimeMillis() - last > ttl * 900L) error("callMe: the lease on ${names} could not be renewed in time")
    pause = ttl * 1000L / (status == 0 ? 3 : 12)
  }
}

private int renewal(Map options) {
  return sh(label: 'call-me renew', returnStatus: true, script: options.cli + ' renew')
}

private void released(Map options, Map state) {
  state.released = true
  int status = sh(label: 'call-me release', returnStatus: true, script: options.cli + ' release')
  if (status != 0) echo("callMe: the release failed (${status}); the lease ends by itself within its ttl, ${options.ttl}")
}

// 90s, 10m, 1h30m.
private int seconds(String duration) {
  Map units = [h: 3600, m: 60, s: 1]
  int total = 0
  String digits = ''
  for (int at = 0; at < duration.length(); at++) {
    String letter = duration.substring(at, at + 1)
    if (!units.containsKey(letter)) {
      if (!'0123456789'.contains(letter)) break
      digits += letter
    } else if (digits != '') {
      total += digits.toInteger() * units[letter]
      digits = ''
    } else break
  }
  if (total == 0 || digits != '') error("callMe: ttl ${duration} is no duration in whole hours, minutes and seconds, like 10m")
  return total
}

private String quoted(Object word) {
  return "'" + word.toString().replace("'", "'\\''") + "'"
}
