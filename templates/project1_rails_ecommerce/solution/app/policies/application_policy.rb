# Who may do what with which record: one policy a model, asked by controllers before they act. Plain objects, so that a
# spec needs no request.
class ApplicationPolicy
  attr_reader :user, :record

  def initialize(user, record = nil)
    @user = user
    @record = record
  end
end
