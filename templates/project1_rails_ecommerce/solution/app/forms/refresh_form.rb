# A refresh token that wants to be exchanged.
class RefreshForm < Form
  field :refresh_token, Rules.secret(1..1000), required: true
end
