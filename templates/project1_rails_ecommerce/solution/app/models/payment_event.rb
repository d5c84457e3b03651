# An event of the provider that was taken in, by the id that it keeps when it is delivered again.
class PaymentEvent < ApplicationRecord
end
