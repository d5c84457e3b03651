# Signs and verifies access tokens, without Rails in it: claims in and token out, token in and claims or a reason out.
#
# TODO(m2.2): yours to build, see docs/milestones/m2-users-and-auth.md
class AccessToken
end
