// The part of Jenkins' pipeline that integrations/jenkins and docs/ci/jenkins.md use, with real processes and real threads.
// groovy.ui.GroovyMain pipeline.groovy LIBRARY JENKINSFILE: runs it; "abort" on stdin aborts the build. Exit code 0, 1: failure, 3: aborted.
import java.util.concurrent.*
import org.codehaus.groovy.control.CompilerConfiguration

class Interrupted extends RuntimeException {
  Interrupted(String why) { super(why) }
}

abstract class Steps extends Script {
  static final InheritableThreadLocal<Map> ENV = new InheritableThreadLocal<Map>()
  static final Set<Thread> BRANCHES = ConcurrentHashMap.newKeySet()
  /** How many times faster the library's clock runs, and the pauses of waitUntil with it. */
  static final int FASTER = 20
  static final long STARTED = System.currentTimeMillis()

  long now() { STARTED + (System.currentTimeMillis() - STARTED) * FASTER }

  Object sh(Object given) {
    Map step = given instanceof Map ? given : [script: given]
    File file = File.createTempFile('script', '.sh')
    file.text = step.script
    ProcessBuilder builder = new ProcessBuilder('sh', '-xe', file.path)
    builder.environment().clear()
    builder.environment().putAll(ENV.get().collectEntries { name, value -> [(name): value.toString()] })
    // What Jenkins finds the processes of a step by.
    builder.environment().put('JENKINS_NODE_COOKIE', System.getenv('SECRET_cookie') ?: '')
    builder.redirectError(ProcessBuilder.Redirect.INHERIT)
    if (!step.returnStdout) builder.redirectOutput(ProcessBuilder.Redirect.INHERIT)
    Process process = builder.start()
    process.outputStream.close()
    String output = null
    Thread reader = Thread.start { output = process.inputStream.text }
    try {
      int status = process.waitFor()
      reader.join()
      if (step.returnStatus) return status
      if (status != 0) throw new RuntimeException("script returned exit code ${status}")
      return step.returnStdout ? output : null
    } catch (InterruptedException interruption) {
      end(process)
      throw new Interrupted('interrupted in sh')
    }
  }

  /** As Jenkins does: SIGTERM to every process of the step, SIGKILL after 5 s. */
  private void end(Process process) {
    List all = [process.toHandle()] + process.descendants().collect { it }
    all.each { it.destroy() }
    try {
      CompletableFuture.allOf(all.collect { it.onExit() } as CompletableFuture[]).get(5, TimeUnit.SECONDS)
    } catch (TimeoutException late) {
      all.each { it.destroyForcibly() }
    }
  }

  Object parallel(Map given) {
    Map branches = given.findAll { name, body -> name != 'failFast' }
    Map results = new ConcurrentHashMap()
    List failures = new CopyOnWriteArrayList()
    List threads = []
    threads.addAll(branches.collect { name, body ->
      new Thread({
        BRANCHES.add(Thread.currentThread())
        try {
          Object result = body()
          if (result != null) results[name] = result
        } catch (Throwable failure) {
          println("Failed in branch ${name}")
          boolean first = failures.empty
          failures.add(failure)
          if (first && given.failFast) threads.findAll { it != Thread.currentThread() }.each { it.interrupt() }
        } finally {
          BRANCHES.remove(Thread.currentThread())
        }
      } as Runnable)
    })
    BRANCHES.remove(Thread.currentThread())
    threads.each { it.start() }
    threads.each { it.join() }
    BRANCHES.add(Thread.currentThread())
    if (!failures.empty) throw failures[0]
    return results
  }

  void waitUntil(Map how, Closure condition) {
    long pause = 250
    try {
      while (!condition()) {
        Thread.sleep((long) (pause / FASTER))
        pause = Math.min((long) (pause * 1.2), 15000L)
      }
    } catch (InterruptedException interruption) {
      throw new Interrupted('interrupted in waitUntil')
    }
  }

  Object withEnv(List pairs, Closure body) {
    Map outer = ENV.get()
    ENV.set(outer + pairs.collectEntries { String pair -> [(pair.substring(0, pair.indexOf('='))): pair.substring(pair.indexOf('=') + 1)] })
    try {
      return body()
    } finally {
      ENV.set(outer)
    }
  }

  Object withCredentials(List bindings, Closure body) { withEnv(bindings.collect { it.variable + '=' + credentials(it.credentialsId) }, body) }

  Map string(Map binding) { binding }

  String credentials(String id) { System.getenv('SECRET_' + id.replace('-', '_')) }

  void error(Object message) { throw new RuntimeException(message.toString()) }

  void echo(Object message) { println(message) }

  // Declarative, as far as it is used: the sections run in the order in which they are written.
  void pipeline(Closure body) { body() }
  void agent(Object where) {}
  Object getAny() { null }
  void stages(Closure body) { body() }
  void steps(Closure body) { body() }
  void options(Closure body) {}

  void stage(String name, Closure body) { withEnv(['STAGE_NAME=' + name], body) }

  void environment(Closure body) {
    Map variables = [:]
    Steps self = this
    body.delegate = new Expando(credentials: { id -> self.credentials(id) }) {
      void setProperty(String name, Object value) { variables[name] = value.toString() }
    }
    body.resolveStrategy = Closure.DELEGATE_FIRST
    body()
    ENV.set(ENV.get() + variables)
  }
}

Steps.ENV.set(System.getenv().findAll { name, value -> !name.startsWith('SECRET_') })
CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: Steps.name)
GroovyShell shell = new GroovyShell(Steps.classLoader, new Binding(), configuration)
Script library = shell.parse(new File(args[0], 'vars/callMe.groovy').text.replace('System.currentTimeMillis()', 'now()'))
Script build = shell.parse(new File(args[1]).text.replaceFirst(/(?m)^@Library.*$/, ''))
build.binding.setVariable('callMe', { Object[] given -> library.call(*given) })

Thread.startDaemon {
  System.in.eachLine { line -> if (line == 'abort') Steps.BRANCHES.each { it.interrupt() } }
}
Steps.BRANCHES.add(Thread.currentThread())
try {
  println("RESULT ${build.run()}")
  println('SUCCESS')
} catch (Interrupted abort) {
  println("ABORTED: ${abort.message}")
  System.exit(3)
} catch (Throwable failure) {
  println("FAILURE: ${failure.message}")
  System.exit(1)
}
