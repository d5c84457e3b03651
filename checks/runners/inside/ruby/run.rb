# frozen_string_literal: true

# What the runs of both frameworks share: they tell the grader what happens, and end with the framework's own code.
class CheckRun
  MESSAGE = 2000 # characters

  def initialize(pipe)
    @pipe = pipe
    @process = Process.pid
    @lock = Mutex.new
  end

  # Sets up the bundle, runs the tests, and ends this process at once: what the repository does at exit (SimpleCov's
  # minimum, a handler that turns the code into 0) is no part of the tests.
  def call(arguments)
    require "bundler/setup"
    code = run(arguments)
    tell("exit", code)
  rescue SystemExit => error
    tell("stopped", "exit(#{error.status}) was called")
    code = error.status
  rescue Exception => error # rubocop:disable Lint/RescueException -- whatever it is, it ended the run
    tell("stopped", "#{error.class}: #{error.message}")
    warn error.full_message(highlight: false)
    code = 1
  ensure
    finish(code || 1)
  end

  def tell(*fields)
    return unless Process.pid == @process # a child that a test forked says nothing

    line = fields.map { |field| field.to_s.b.delete("\x1e\x1f") }.join("\x1f") << "\x1e"
    @lock.synchronize { @pipe.write(line) }
  end

  def begin_test(id)
    CheckCoverage.begin_test(id) if defined?(CheckCoverage)
    tell("began", id)
  end

  def end_test(id, group, name, outcome, seconds, message)
    CheckCoverage.end_test if defined?(CheckCoverage)
    tell("ended", id, group, name, outcome, seconds, message.to_s[0, MESSAGE])
  end

  # Called when everything is loaded and the first test has not begun.
  def loaded(tests, deselected = [])
    tell("collected", *tests)
    tell("deselected", *deselected)
    return unless defined?(CheckCoverage)

    CheckCoverage.forget
    require_relative "loads"
  end

  private

  def finish(code)
    $stdout.flush
    $stderr.flush
    @pipe.close if Process.pid == @process
    exit!(code)
  end
end
