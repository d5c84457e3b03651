# A review as docs/openapi.yaml shows it: who wrote it is known by the first name only.
class ReviewSerializer
  def initialize(review)
    @review = review
  end

  def as_json(*)
    user = @review.user
    @review.slice(:id, :product_id, :rating, :text)
           .merge(author: "#{user.first_name} #{user.last_name.first}.", created_at: Timestamp.format(@review.created_at))
  end
end
