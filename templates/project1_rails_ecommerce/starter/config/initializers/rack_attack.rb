# Limits on how often somebody may try; rack-attack is in the middleware already and lets everything through.
#
# TODO(m2.5): limit failed logins, see docs/milestones/m2-users-and-auth.md. Counters belong into Redis, shared by all
# web processes: Rails.cache, but not in specs, where it is memory.
