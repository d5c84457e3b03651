# What a buyer thinks.
class ReviewForm < Form
  field :rating, Rules.integer(1..5), required: true
  field :text, Rules.text(1..2000), required: true
end
