# frozen_string_literal: true

# Counts the lines that run, in every Ruby process of a test run (RUBYOPT=-rcheck_coverage), for the grader alone.
#
# Whatever the repository does with Ruby's Coverage (SimpleCov starts, stops and clears it) has no effect on these
# counts. Only files below CHECK_COVERAGE_ROOT are counted; at its end the process writes what it has to a file of its
# own in CHECK_COVERAGE_DATA. Ruby 3.1 and later. Nothing that is a gem may be loaded here: the bundle decides on gems.
require "coverage"

module CheckCoverage
  ROOT = "#{ENV.fetch("CHECK_COVERAGE_ROOT")}/"
  FOLDER = ENV.fetch("CHECK_COVERAGE_DATA")
  HERE = Dir.pwd
  FIELD = "\x1f"
  RECORD = "\x1e"
  PEEK = Coverage.method(:peek_result)

  @counts = {} # by path, as they were at the last look
  @lines = Hash.new { |all, path| all[path] = [] } # that ran, by path
  @tests = {} # by test: lines by path
  @test = nil # that runs now
  @loading = false
  @written = nil # the process that wrote its file; a forked one has its own to write

  class << self
    # Says that a test begins; what runs from now on is its.
    def begin_test(name) = @test = name

    # Says that it is over. What ran since the last look is its, its group's preparation included.
    def end_test
      look(@test)
      @test = nil
    end

    # Forgets whose the lines are that ran so far: they were run by loading.
    def forget = look(nil)

    # Keeps apart what runs while a file of the repository is loaded within a test: that would else belong to the test
    # that happens to need the file first.
    def loading(path)
      return yield if @test.nil? || @loading || !path.to_s.start_with?(ROOT)

      look(@test)
      @loading = true
      begin
        yield
      ensure
        look(nil)
        @loading = false
      end
    end

    def forked
      @tests = {}
    end

    # Writes the lines of this process, once.
    def write
      return if @written == Process.pid

      @written = Process.pid
      look(@test)
      name = File.join(FOLDER, "#{Process.pid}-#{Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)}")
      File.open(name, File::WRONLY | File::CREAT | File::EXCL, 0o600) do |file|
        @lines.each { |path, lines| record(file, "", path, lines.uniq) }
        @tests.each { |test, files| files.each { |path, lines| record(file, test, path, lines.uniq) } }
      end
    end

    private

    def record(file, test, path, lines)
      fields = [test, path].map { |text| text.b.delete("\x1e\x1f") }
      file.write(fields.push(lines.join(" ")).join(FIELD), RECORD)
    end

    def look(test)
      PEEK.call.each do |path, result|
        counts = result[:lines]
        before = @counts[path]
        next if before == counts

        @counts[path] = counts
        path = File.expand_path(path, HERE)
        next unless path.start_with?(ROOT)

        before = nil if before&.zip(counts)&.any? { |old, new| new.to_i < old.to_i } # loaded again: counts from zero
        ran = counts.each_index.select { |index| counts[index].to_i > (before && before[index]).to_i }.map(&:succ)
        @lines[path].concat(ran)
        ((@tests[test] ||= {})[path] ||= []).concat(ran) if test
      end
    end
  end

  # In place of Coverage's own methods: the repository gets its answers, and changes nothing.
  module Shared
    def setup(*asked)
      @asked = asked.first
      nil
    end

    def start(*asked) = setup(*asked)
    def resume = nil
    def suspend = nil
    def running? = true
    def result(**) = peek_result

    def peek_result
      counts = PEEK.call
      return counts.transform_values { |result| result[:lines] } if @asked.nil?

      wanted = @asked == :all ? %i[lines branches methods] : @asked.select { |_, on| on }.keys
      counts.transform_values { |result| wanted.to_h { |kind| [kind, Shared.part(kind, result[:lines])] } }
    end

    def self.part(kind, counts)
      case kind
      when :lines then counts
      when :oneshot_lines then counts.each_index.select { |index| counts[index].to_i.positive? }.map(&:succ)
      else {}
      end
    end
  end

  # The code of gems is not counted: that would only cost time.
  module Gems
    def load_iseq(path)
      return defined?(super) ? super : nil if path.start_with?(ROOT) || !path.start_with?("/")

      RubyVM::InstructionSequence.compile_file(path)
    rescue SyntaxError
      nil # the ordinary way says what is wrong
    end
  end

  module Fork
    def _fork = super.tap { |pid| CheckCoverage.forked if pid.zero? }
  end

  module HardExit
    def exit!(*)
      CheckCoverage.write
      super
    end
  end
end

Coverage.setup(lines: true)
Coverage.resume
Coverage.singleton_class.prepend(CheckCoverage::Shared)
RubyVM::InstructionSequence.singleton_class.prepend(CheckCoverage::Gems)
Process.singleton_class.prepend(CheckCoverage::Fork, CheckCoverage::HardExit)
Kernel.singleton_class.prepend(CheckCoverage::HardExit)
module Kernel
  alias check_exit! exit!
  def exit!(*arguments)
    CheckCoverage.write
    check_exit!(*arguments)
  end
  private :exit!, :check_exit!
end
at_exit { CheckCoverage.write }
