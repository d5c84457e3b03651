# Parameters that are never shown in a log.
#
# TODO(m2.6): see docs/milestones/m2-users-and-auth.md; find out what else must not be there, and where else it may show.
Rails.application.config.filter_parameters += [:passw]
