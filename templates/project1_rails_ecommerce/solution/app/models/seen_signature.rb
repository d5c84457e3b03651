# The replay store: each signature under which a webhook was taken in.
class SeenSignature < ApplicationRecord
  self.table_name = "webhook_signatures"
end
