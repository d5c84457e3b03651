FactoryBot.define do
  factory :user do
    sequence(:email) { |number| "user#{number}@example.com" }
    password { "correct horse" }
    first_name { "Ada" }
    last_name { "Example" }

    trait(:vendor) { role { "vendor" } }
    trait(:admin) { role { "admin" } }
    trait(:inactive) { active { false } }
  end
end
