# frozen_string_literal: true

# Runs a repository's RSpec or Minitest suite with its own gems, and keeps a record of the run.
#
# A script of the grader's. Its one argument is a file of orders, which it deletes before any code of the repository
# runs: where the record goes, the framework, whether only to look for a failure, and the framework's arguments. The
# tests run in a child; what becomes of each goes through a pipe to this process, which keeps it and writes it down
# when the child is over. So a test that ends the process, or looks for reports to rewrite, changes nothing of what was
# told before. No gem may be loaded here before the bundle is set up.
FIELD = "\x1f"
RECORD = "\x1e"
record, framework, *arguments = File.read(ARGV[0]).split(FIELD, -1)
File.unlink(ARGV[0])
ARGV.clear

reader, writer = IO.pipe(binmode: true)
tests = fork do
  reader.close
  require_relative framework
  CheckRun.new(writer).call(arguments)
end
writer.close
told = +"".b
listener = Thread.new do
  loop { told << reader.readpartial(1 << 16) }
rescue EOFError
  nil # all that could speak have ended
end
_, status = Process.wait2(tests)
listener.join(2) # a process that a test left behind may hold the pipe
said = told.dup

code = status.exitstatus || (128 + status.termsig)
File.unlink(record) if File.exist?(record)
File.open(record, File::WRONLY | File::CREAT | File::EXCL | File::BINARY, 0o600) { |file| file.write(said) }
exit!(code)
