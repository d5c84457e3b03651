# Client of the payment provider at PAYMENT_PROVIDER_URL.
#
# TODO(m6.2): yours to build, see docs/milestones/m6-payments.md
class PaymentProvider
end
