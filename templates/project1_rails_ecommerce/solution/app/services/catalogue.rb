# What visitors see of the shop, and how it is known to have changed.
#
# Each change raises a number in its own transaction, and each page is kept in Redis under the number that was read
# before it was made. A reader who is overtaken by a change stores an old page under the old number, for which nobody
# asks any more: nothing has to be deleted, and nothing depends on Redis hearing of a change (docs/adr/0003).
module Catalogue
  VERSION = "catalogue".freeze
  # So that Redis forgets what nobody asks for any more; no page is ever right because of it.
  KEPT_FOR = 1.hour

  # A page as it is sent. The ETag follows from all of it.
  Page = Data.define(:etag, :body) do
    def self.of(content)
      body = ActiveSupport::JSON.encode(content)
      new(etag: %("#{Digest::SHA256.hexdigest(body).first(32)}"), body:)
    end

    # By the header If-None-Match: a list of ETags, compared weakly, or a star.
    def known_to?(header)
      tags = header.to_s.split(",").map { |tag| tag.strip.delete_prefix("W/") }
      tags.include?(etag) || tags == ["*"]
    end
  end

  class << self
    # Runs what changes the catalogue as one transaction. Not to be nested: the number is drawn last, because everybody
    # else who changes something waits for it. It isn't drawn if nothing of the change is `shown` to visitors.
    def change(shown: true)
      ApplicationRecord.transaction do
        result = yield
        Counter.next(VERSION) if shown
        result
      end
    end

    def version = Counter.current(VERSION)

    # The page of this key, from Redis or from the block. Without Redis every page is made anew.
    def page(*key)
      full_key = [Shop::VERSION, Settings.current.git_commit, version, *key].join("/")
      kept = Rails.cache.read(full_key)
      return Page.new(**kept) if kept

      Page.of(yield).tap { |page| Rails.cache.write(full_key, page.to_h, expires_in: KEPT_FOR) }
    end
  end
end
