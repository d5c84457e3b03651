namespace :users do
  desc "Create a user, or give an existing one this role and password: EMAIL, PASSWORD, ROLE (FIRST_NAME, LAST_NAME)"
  task create: :environment do
    email, password, role = %w[EMAIL PASSWORD ROLE].map do |name|
      ENV[name].presence || abort("users:create: set #{name}")
    end
    user = User.find_or_initialize_by(email: email.strip.downcase)
    user.first_name ||= ENV.fetch("FIRST_NAME", "Ada")
    user.last_name ||= ENV.fetch("LAST_NAME", "Admin")
    begin
      user.update!(password:, role:, active: true, email_verified: true)
    rescue ActiveRecord::RecordInvalid => e
      abort("users:create: #{e.message}")
    end
    Rails.logger.info("user #{user.id} is #{user.role}")
  end
end
