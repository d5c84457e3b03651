FactoryBot.define do
  factory :category do
    sequence(:name) { |number| "Category #{number}" }
    slug { name.parameterize }
  end
end
