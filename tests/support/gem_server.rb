# frozen_string_literal: true

# ruby gem_server.rb FOLDER: makes a gem server of files in FOLDER, for Bundler's `source "file:///…"`: the Minitest of
# this Ruby and a gem that is written here; and the lock file of a Gemfile that asks for both.
require "rubygems/package"
require "digest"
require "fileutils"
require "zlib"

folder = ARGV.fetch(0)
FileUtils.mkdir_p(["#{folder}/gems", "#{folder}/quick/Marshal.4.8"])

minitest = Gem::Specification.find_all_by_name("minitest").min_by(&:version) # 5, which needs no other gem
packaged = minitest.dup.tap do |spec|
  spec.files = Dir.chdir(spec.full_gem_path) { Dir["lib/**/*.rb"] }
  spec.executables = []
  spec.extra_rdoc_files = []
end

FileUtils.mkdir_p("#{folder}/greeting/lib")
File.write("#{folder}/greeting/lib/greeting.rb", "module Greeting\n  def self.text = \"hello\"\nend\n")
greeting = Gem::Specification.new("greeting", "1.2.0") do |spec|
  spec.summary = "says hello"
  spec.authors = ["a"]
  spec.files = ["lib/greeting.rb"]
end

specs = { packaged => minitest.full_gem_path, greeting => "#{folder}/greeting" }
specs.each do |spec, source|
  Dir.chdir(source) { Gem::Package.build(spec, true, false, "#{folder}/gems/#{spec.full_name}.gem") }
  File.binwrite("#{folder}/quick/Marshal.4.8/#{spec.full_name}.gemspec.rz", Zlib::Deflate.deflate(Marshal.dump(spec)))
end
index = Zlib.gzip(Marshal.dump(specs.keys.map { |spec| [spec.name, spec.version, "ruby"] }))
%w[specs latest_specs].each { |name| File.binwrite("#{folder}/#{name}.4.8.gz", index) }
File.binwrite("#{folder}/prerelease_specs.4.8.gz", Zlib.gzip(Marshal.dump([])))
sums = Dir["#{folder}/gems/*.gem"].sort.map do |gem|
  name, version = File.basename(gem, ".gem").split("-")
  [name, version, Digest::SHA256.file(gem).hexdigest]
end
File.write("#{folder}/Gemfile.lock", <<~LOCK)
  GEM
    remote: file://#{folder}/
    specs:
  #{sums.map { |name, version, _| "    #{name} (#{version})" }.join("\n")}

  PLATFORMS
    ruby

  DEPENDENCIES
  #{sums.map { |name, _, _| "  #{name}" }.join("\n")}

  CHECKSUMS
  #{sums.map { |name, version, sum| "  #{name} (#{version}) sha256=#{sum}" }.join("\n")}
LOCK
