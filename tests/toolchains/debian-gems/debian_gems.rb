# frozen_string_literal: true

# Lets an untouched app (its own Gemfile and lock file) run where RubyGems.org is out of reach, on the gems that Debian
# packages. `ruby.sh` makes the tree's Bundler load this file; nothing else knows of it.
#
# Only a Gemfile that names RubyGems.org is served so. What is not packaged is left out and a version that is not
# packaged is replaced by the packaged one; `bundle install` says both. Other Gemfiles get plain Bundler.
module DebianGems
  NOTES = []

  def self.gemfile
    return ENV["BUNDLE_GEMFILE"] if ENV["BUNDLE_GEMFILE"]

    folder = Dir.pwd
    folder = File.dirname(folder) until folder == "/" || File.file?(File.join(folder, "Gemfile"))
    File.join(folder, "Gemfile")
  end

  def self.wanted? = File.file?(gemfile) && File.read(gemfile).include?("rubygems.org")

  # The app's lock file names other versions, and the app stays as it is.
  def self.aside
    File.join(ENV["TMPDIR"] || "/tmp", "debian-gems-#{Process.uid}#{File.expand_path(gemfile).gsub(/\W+/, "_")}.lock")
  end

  def self.installing? = File.basename($PROGRAM_NAME).start_with?("bundle") && ARGV.first == "install"

  # In place of Bundler::Dsl's own methods.
  module Relaxed
    def ruby(*, **) = nil

    def gem(name, *args)
      options = args.last.is_a?(Hash) ? args.pop : {}
      return super(name, *args, options) if %w[path git github gist].any? { |key| options.key?(key) || options.key?(key.to_sym) }

      packaged = Gem::Specification.find_all_by_name(name)
      return DebianGems::NOTES << "#{name}: not packaged, left out" if packaged.empty?

      wanted = Gem::Requirement.new(args.flatten.compact)
      unless packaged.any? { |found| wanted.satisfied_by?(found.version) }
        DebianGems::NOTES << "#{name}: #{packaged.map(&:version).max} in place of #{wanted}"
        args = []
      end
      super(name, *args, options)
    end

    def to_definition(*)
      warn(*DebianGems::NOTES.uniq.map { |note| "debian-gems: #{note}" }) if DebianGems.installing?
      super
    end
  end
end

if DebianGems.wanted?
  # Debian's gems lie in the system's folders, not in the bundle.
  %w[BUNDLE_PATH BUNDLE_DEPLOYMENT BUNDLE_FROZEN].each { |name| ENV.delete(name) }
  ENV["BUNDLE_LOCKFILE"] = DebianGems.aside if File.file?("#{DebianGems.gemfile}.lock")
  ARGV.push("--local") if DebianGems.installing? && !ARGV.include?("--local")
  Bundler.autoload(:Dsl, "bundler/dsl") unless Bundler.const_defined?(:Dsl)
  Bundler::Dsl.prepend(DebianGems::Relaxed)
end
