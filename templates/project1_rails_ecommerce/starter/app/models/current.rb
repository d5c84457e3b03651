# Who is asking, for the length of one request.
class Current < ActiveSupport::CurrentAttributes
  attribute :user
end
