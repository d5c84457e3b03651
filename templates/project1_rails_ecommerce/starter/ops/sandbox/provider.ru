# A pretended payment provider for development, as docs/openapi.yaml describes it. bin/dev runs it on port 4242.
#
# It takes every charge and tells the web process a second later, by a signed webhook, that it succeeded. An amount that
# ends in .13 fails later, one that ends in .14 is declined at once. It forgets everything when it is stopped.
require "dotenv/load"
require "json"
require "net/http"
require "openssl"
require "securerandom"

secret = ENV.fetch("WEBHOOK_SECRET")
webhook = URI(ENV.fetch("WEBHOOK_URL", "http://127.0.0.1:8000/api/v1/webhooks/payments"))
charges = {}
lock = Mutex.new

deliver = lambda do |charge|
  body = JSON.generate(id: "evt_#{SecureRandom.hex(8)}", created_at: Time.now.utc.strftime("%FT%TZ"),
                       type: charge[:amount].end_with?(".13") ? "payment.failed" : "payment.succeeded",
                       data: { reference: charge[:id], amount: charge[:amount], currency: charge[:currency] })
  timestamp = Time.now.to_i.to_s
  signature = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.#{body}")
  answer = Net::HTTP.post(webhook, body, "Content-Type" => "application/json", "X-Webhook-Timestamp" => timestamp,
                                         "X-Webhook-Signature" => "v1=#{signature}")
  puts "webhook for #{charge[:id]}: #{answer.code}"
rescue SystemCallError => e
  puts "webhook for #{charge[:id]}: #{e.message}"
end

run(lambda do |env|
  request = Rack::Request.new(env)
  next [404, {}, []] unless request.post? && request.path_info == "/charges"

  wanted = JSON.parse(request.body.read)
  known = true
  charge = lock.synchronize do
    charges.fetch(env.fetch("HTTP_IDEMPOTENCY_KEY")) do |key|
      known = false
      status = wanted["amount"].end_with?(".14") ? "declined" : "pending"
      charges[key] = { id: "ch_#{SecureRandom.hex(8)}", status:, amount: wanted["amount"], currency: wanted["currency"] }
    end
  end
  Thread.new { sleep(1) && deliver[charge] } unless known || charge[:status] == "declined"
  [known ? 200 : 201, { "content-type" => "application/json" }, [JSON.generate(charge.slice(:id, :status))]]
end)
