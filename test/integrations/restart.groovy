// The library as Jenkins transforms it (groovy-cps), saved and loaded again at every step, as a controller does that restarts. `parallel` runs
// one of the branches, alone, and the clock stands still but for waitUntil, which looks as rarely as Jenkins' own.
// groovy.ui.GroovyMain restart.groovy LIBRARY: tells each step, how each branch ends, and when, in seconds after the body was started.
import com.cloudbees.groovy.cps.*
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

class Clock {
  static long now = 0
}

String steps = '''
def sh(step) { Continuable.suspend(step instanceof Map ? step : [script: step]) }
def echo(message) { Continuable.suspend([script: 'echo']) }
def error(message) { throw new RuntimeException(message) }
def string(binding) { binding }
def withEnv(pairs, body) { body() }
def withCredentials(bindings, body) { body() }
def waitUntil(how, condition) {
  long pause = 250
  while (!condition()) {
    Continuable.suspend([script: 'tick', pause: pause])
    pause = Math.min((long) (pause * 1.2), 15000L)
  }
}
def parallel(branches) { [held: branches[branch]()] }

return call(['uat', 'db=2'], credentialsId: 'call-me', ttl: ttl, reason: "it's", name: null) {
  sh 'make acceptance'
  return 42
}
'''
CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: SerializableScript.name)
configuration.addCompilationCustomizers(new ImportCustomizer().addImports(Continuable.name), new CpsTransformer())

String library = new File(args[0], 'vars/callMe.groovy').text.replace('System.currentTimeMillis()', 'Clock.now')
for (List run in [['held', '2m'], ['renewal', '2m'], ['alarm', '2m'], ['alarm', '10m'], ['alarm', '1h']]) {
  String branch = run[0]
  Clock.now = 0
  GroovyShell shell = new GroovyShell(getClass().classLoader, new Binding(branch: branch, ttl: run[1]), configuration)
  Continuable pipeline = new Continuable(shell.parse(library + steps))
  Object answer = null
  int renewals = 0
  while (true) {
    Object step
    try {
      step = pipeline.run(answer)
    } catch (Exception failure) {
      println("${branch}: FAILURE ${(failure.cause ?: failure).message}")
      println("${branch}: ${run[1]} after ${Clock.now.intdiv(1000)}")
      break
    }
    if (!pipeline.resumable) {
      println("${branch}: RESULT ${step}")
      break
    }
    if (step.script == 'tick') Clock.now += step.pause
    else println("${branch}: ${step.script}")
    ByteArrayOutputStream saved = new ByteArrayOutputStream()
    new ObjectOutputStream(saved).writeObject(pipeline)
    pipeline = (Continuable) new ObjectInputStream(new ByteArrayInputStream(saved.toByteArray())) {
      protected Class resolveClass(ObjectStreamClass description) {
        description.name == 'long' ? long : Class.forName(description.name, false, shell.classLoader)
      }
    }.readObject()
    if (step.script == 'call-me renew') renewals++
    answer = step.returnStdout ? 'CALL_ME_LEASE_ID=1\nCALL_ME_LEASE_TOKEN=t\n' : step.returnStatus ? [0, 0, 1, 6][renewals] : null
  }
}
