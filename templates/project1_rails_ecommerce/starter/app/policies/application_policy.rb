# Who may do what with which record: one policy a model, asked by controllers before they act.
#
# TODO(m2.4): yours to build, see docs/milestones/m2-users-and-auth.md
class ApplicationPolicy
  attr_reader :user, :record

  def initialize(user, record)
    @user = user
    @record = record
  end
end
