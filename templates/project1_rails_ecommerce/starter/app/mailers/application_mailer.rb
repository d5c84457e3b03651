# Mails are plain text and sent by the worker: `deliver_later`, never `deliver_now`.
#
# TODO(m7.3): the four mails of docs/openapi.yaml, see docs/milestones/m7-caching-and-jobs.md
class ApplicationMailer < ActionMailer::Base
end
