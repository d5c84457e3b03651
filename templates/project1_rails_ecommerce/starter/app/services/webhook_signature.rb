# Verifies the signature and the timestamp of a webhook, over the raw body as it came.
#
# TODO(m6.3): yours to build, see docs/milestones/m6-payments.md
class WebhookSignature
end
