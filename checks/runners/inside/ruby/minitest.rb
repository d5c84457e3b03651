# frozen_string_literal: true

require_relative "run"

# Runs Minitest on the grader's list of files. Its arguments are options, "--", and files; a first "--exitfirst" ends
# the run at the first failure, and "--only=TEST" names a test to run.
class CheckRun
  def run(arguments)
    $PROGRAM_NAME = "rails test" # plug-ins look at it
    separator = arguments.index("--")
    options = arguments[0...separator]
    %w[test lib .].each { |folder| $LOAD_PATH.unshift(File.expand_path(folder)) if File.directory?(folder) }
    require "minitest"
    Minitest.class_variable_set(:@@installed_at_exit, true) # this is what runs the tests, not the end of the process
    broken = arguments[(separator + 1)..].reject { |file| loads?(file) }
    Minitest::CompositeReporter.prepend(Listening)
    Listening.run = self
    Listening.exit_first = !options.delete("--exitfirst").nil?
    only = options.select { |option| option.start_with?("--only=") }.map { |option| option.delete_prefix("--only=") }
    options = ["--name", "/\\A(?:#{Regexp.union(only).source})\\z/"] + options.grep_v(/\A--only=/) if only.any?
    Minitest.run(options) && broken.empty? ? 0 : 1
  end

  def loads?(file)
    load File.expand_path(file)
    true
  rescue StandardError, ScriptError => error
    tell("outside", file, "#{error.class}: #{error.message}"[0, MESSAGE])
    warn error.full_message(highlight: false)
    false
  end

  # Told by the one reporter that all others hang on.
  module Listening
    class << self
      attr_accessor :run, :exit_first
    end

    def start
      tests = Minitest::Runnable.runnables.uniq.flat_map { |suite| suite.runnable_methods.map { |name| "#{suite}##{name}" } }
      Listening.run.loaded(tests)
      super
    end

    def prerecord(suite, name)
      Listening.run.begin_test("#{suite}##{name}")
      super
    end

    def record(result)
      failure = result.failure
      outcome = result.skipped? ? "skipped" : result.error? ? "error" : result.passed? ? "passed" : "failed"
      suite = result.respond_to?(:klass) ? result.klass : result.class.name
      Listening.run.end_test("#{suite}##{result.name}", suite, result.name, outcome, result.time, failure&.message)
      super
      return unless Listening.exit_first && %w[failed error].include?(outcome)

      raise Interrupt
    end
  end
end
