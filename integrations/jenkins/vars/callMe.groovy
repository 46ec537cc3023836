// callMe('uat') { sh 'make acceptance' }: runs a closure while this build holds an environment. callMe.txt is its help.
// Only steps, plain loops and methods that the script sandbox allows. All state can be saved: it outlives a restart of the controller.

def call(Map given = [:], Object environments, Closure body) {
  Map options = complete(given)
  int ttl = seconds(options.ttl)
  if (ttl < 120) error("callMe: ttl ${options.ttl} is too short: Jenkins may be 45 s late to stop the closure, so give it 2m at least")
  List names = environments instanceof List ? environments : [environments]
  for (Object name in names) {
    // The command line would read an option: --url= sends the key to whom it names.
    if (name.toString().startsWith('-')) error("callMe: the name of an environment cannot begin with -: ${name}")
  }
  withEnv(options.url ? ['CALL_ME_URL=' + options.url] : []) {
    withEnv(acquire(options, names)) {
      return hold(options, ttl, wanted(options, names), body)
    }
  }
}

// With the defaults, and without names that nobody knows.
private Map complete(Map given) {
  Map defaults = [
    ttl: '10m', queueTimeout: '2h', maxHold: '', priority: '', reason: '', name: '', pool: '', selector: '', count: '', slots: '', supersedeKey: '', supersede: '', url: '', credentialsId: '', idTokenCredentialsId: '', cli: 'call-me'
  ]
  for (String name in given.keySet()) {
    if (!defaults.containsKey(name)) error("callMe: there is no option ${name}; there are ${defaults.keySet().join(', ')}")
  }
  return defaults + given
}

// What is asked for, in words.
private String wanted(Map options, List names) {
  List words = []
  for (Object name in names) words.add(name.toString())
  if (options.selector) words.add(options.selector.toString())
  return words.join(', ')
}

// Waits in line; the lease as NAME=value. A credential is there for this one step: whoever has the lease's token needs no key.
private List acquire(Map options, List names) {
  List words = []
  for (Object name in names) words.add(quoted(name))
  Map flags = [
    ttl: '--ttl', queueTimeout: '--queue-timeout', maxHold: '--max-hold', priority: '--priority', reason: '--reason', name: '--name', pool: '--pool',
    selector: '--selector', count: '--count', slots: '--slots', supersedeKey: '--supersede-key', supersede: '--supersede'
  ]
  for (String name in flags.keySet()) {
    if (options[name]) words.add(flags[name] + '=' + quoted(options[name]))
  }
  String script = options.cli + ' acquire --output dotenv ' + words.join(' ')
  Map step = [label: 'call-me acquire ' + wanted(options, names), returnStdout: true, script: script]
  List secrets = []
  if (options.credentialsId) secrets.add(string(credentialsId: options.credentialsId, variable: 'CALL_ME_API_KEY'))
  if (options.idTokenCredentialsId) secrets.add(string(credentialsId: options.idTokenCredentialsId, variable: 'CALL_ME_ID_TOKEN'))
  String answer
  if (!secrets) answer = sh(step)
  else withCredentials(secrets) { answer = sh(step) }
  List lease = []
  for (String line in answer.split('\n')) {
    if (line.startsWith('CALL_ME_')) lease.add(line.trim())
  }
  return lease
}

// The body in one branch, its renewals in another, an alarm in a third: they stop with the build, and whichever fails stops the others.
private Object hold(Map options, int ttl, String names, Closure body) {
  Map state = [done: false, released: false, last: System.currentTimeMillis()]
  try {
    // The controller may have been away for long since the lease was granted.
    if (renewal(options) != 0) error("callMe: the lease on ${names} could not be renewed before the body ran")
    if (System.currentTimeMillis() >= deadline(ttl, state)) error("callMe: the renewal of the lease on ${names} took too long; the body did not run")
    Map results = parallel(
      failFast: true,
      held: {
        Object result
        withEnv(['CALL_ME_API_KEY=', 'API_KEY=', 'CALL_ME_ID_TOKEN=']) { result = body() }
        state.done = true
        // Here, because the other branches may take up to 15 s to notice.
        giveBack(options, state)
        return result
      },
      renewal: { keepRenewing(options, ttl, names, state) },
      alarm: { sound(ttl, names, state) }
    )
    return results.held
  } finally {
    // Out here, because in there the end of another branch would interrupt it. By the lease's id it can be repeated.
    if (!state.released) giveBack(options, state)
  }
}

// When the body must be told to end: 45 s before the lease may be over. waitUntil looks every 15 s, and an interrupted sh has up to 20 s.
private long deadline(int ttl, Map state) {
  return state.last + (ttl - 45) * 1000L
}

// Every third of the ttl; after a failure every twelfth. state.last is when the last renewal that was answered was sent.
private void keepRenewing(Map options, int ttl, String names, Map state) {
  long due = state.last + ttl * 1000L / 3
  while (true) {
    // Its own variable: a closure sees the newest value of the one outside.
    long next = due
    waitUntil(quiet: true) { state.done || System.currentTimeMillis() >= next }
    if (state.done) return
    long sent = System.currentTimeMillis()
    int status = renewal(options)
    if (state.done) return
    if (status == 6) error("callMe: the lease on ${names} was lost")
    if (status == 0) state.last = sent
    due = status == 0 ? sent + ttl * 1000L / 3 : System.currentTimeMillis() + ttl * 1000L / 12
  }
}

// By itself, because a renewal on an agent that is out of reach may never return.
private void sound(int ttl, String names, Map state) {
  waitUntil(quiet: true) { state.done || System.currentTimeMillis() >= deadline(ttl, state) }
  if (!state.done) error("callMe: the lease on ${names} could not be renewed in time")
}

private int renewal(Map options) {
  return sh(label: 'call-me renew', returnStatus: true, script: options.cli + ' renew')
}

private void giveBack(Map options, Map state) {
  int status = sh(label: 'call-me release', returnStatus: true, script: options.cli + ' release')
  if (status == 0) state.released = true
  else echo("callMe: the release failed (${status}); the lease ends by itself within its ttl, ${options.ttl}")
}

// 90s, 10m, 1h30m, 1d: whole numbers only.
private int seconds(String duration) {
  Map units = [d: 86400, h: 3600, m: 60, s: 1]
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
  if (total == 0 || digits != '') error("callMe: ttl ${duration} is no duration in whole days, hours, minutes and seconds, like 10m")
  return total
}

private String quoted(Object word) {
  return "'" + word.toString().replace("'", "'\\''") + "'"
}
