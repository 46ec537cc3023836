// The library as Jenkins transforms it (groovy-cps), with the controller restarted at every step: the pipeline is saved and loaded again.
// groovy.ui.GroovyMain restart.groovy LIBRARY: tells each step, and how both branches end.
import com.cloudbees.groovy.cps.*
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

String steps = '''
def sh(step) { Continuable.suspend(step instanceof Map ? step : [script: step]) }
def echo(message) { Continuable.suspend([script: 'echo']) }
def error(message) { throw new RuntimeException(message) }
def string(binding) { binding }
def withEnv(pairs, body) { body() }
def withCredentials(bindings, body) { body() }
def waitUntil(how, condition) { while (!condition()) Continuable.suspend([script: 'tick']) }
def parallel(branches) { [held: branches[branch]()] }

return call(['uat', 'db:2'], credentialsId: 'call-me', ttl: '3s', reason: "it's") {
  sh 'make acceptance'
  return 42
}
'''
CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: SerializableScript.name)
configuration.addCompilationCustomizers(new ImportCustomizer().addImports(Continuable.name), new CpsTransformer())

for (String branch in ['held', 'renewal']) {
  GroovyShell shell = new GroovyShell(getClass().classLoader, new Binding(branch: branch), configuration)
  Continuable pipeline = new Continuable(shell.parse(new File(args[0], 'vars/callMe.groovy').text + steps))
  Object answer = null
  int renewals = 0
  while (true) {
    Object step
    try {
      step = pipeline.run(answer)
    } catch (Exception failure) {
      println("${branch}: FAILURE ${(failure.cause ?: failure).message}")
      break
    }
    if (!pipeline.resumable) {
      println("${branch}: RESULT ${step}")
      break
    }
    if (step.script == 'tick') Thread.sleep(50)
    else println("${branch}: ${step.script}")
    ByteArrayOutputStream saved = new ByteArrayOutputStream()
    new ObjectOutputStream(saved).writeObject(pipeline)
    pipeline = (Continuable) new ObjectInputStream(new ByteArrayInputStream(saved.toByteArray())) {
      protected Class resolveClass(ObjectStreamClass description) { Class.forName(description.name, false, shell.classLoader) }
    }.readObject()
    if (step.script == 'call-me renew') renewals++
    answer = step.returnStdout ? 'CALL_ME_LEASE_ID=1\nCALL_ME_LEASE_TOKEN=t\n' : step.returnStatus ? [0, 0, 1, 6][renewals] : null
  }
}
