require "rails_helper"

RSpec.describe AccessToken do
  let(:key) { "k" * 32 }
  let(:tokens) { described_class.new(key) }
  let(:now) { Time.now.to_i }
  let(:claims) do
    { "sub" => "7", "sid" => "12", "iat" => now, "exp" => now + 900, "jti" => SecureRandom.uuid, "role" => "customer" }
  end

  def encode(claims, key: self.key, algorithm: "HS256") = JWT.encode(claims, key, algorithm)

  def refusal(token)
    tokens.verify(token)
    nil
  rescue described_class::Invalid => e
    e.message
  end

  it "says who it is for, and until when" do
    issued = Time.utc(2026, 3, 1, 9)
    token = tokens.issue(user_id: 7, session_id: 12, role: "vendor", now: issued)
    payload, header = JWT.decode(token, nil, false)
    expect(header).to eq("alg" => "HS256")
    expect(payload).to include("sub" => "7", "sid" => "12", "iat" => issued.to_i, "exp" => issued.to_i + 900,
                               "role" => "vendor")
    expect(payload["jti"]).to match(/\A\h{8}(-\h{4}){3}-\h{12}\z/)
  end

  it "is another one each time" do
    expect(Array.new(2) { tokens.issue(user_id: 7, session_id: 12, role: "vendor") }.uniq.size).to eq(2)
  end

  it "is read back" do
    token = tokens.issue(user_id: 7, session_id: 12, role: "vendor")
    expect(tokens.verify(token)).to have_attributes(user_id: 7, session_id: 12)
    expect(tokens.verify(encode(claims))).to have_attributes(user_id: 7, session_id: 12)
  end

  it "is refused once it has expired, without leeway" do
    expect(refusal(encode(claims.merge("iat" => now - 890, "exp" => now + 10)))).to be_nil
    expect(refusal(encode(claims.merge("iat" => now - 901, "exp" => now - 1)))).to eq("The token has expired.")
    expect(refusal(encode(claims.merge("iat" => now - 900, "exp" => now)))).to eq("The token has expired.")
  end

  it "is refused when any character of it was changed" do
    token = encode(claims)
    changed = token.each_char.with_index.map do |character, index|
      token.dup.tap { |copy| copy[index] = character == "A" ? "B" : "A" }
    end
    expect(changed.map { |copy| refusal(copy) }).to all(eq("The token is not valid."))
  end

  it "is refused when it is signed with another key, another algorithm, or not at all" do
    ["x", nil, "a.b.c", "", encode(claims, key: "x" * 32), encode(claims, algorithm: "HS512"),
     encode(claims, algorithm: "HS384"),
     JWT.encode(claims, nil, "none"), "#{encode(claims).rpartition('.').first}."].each do |token|
      expect(refusal(token)).to eq("The token is not valid.")
    end
  end

  it "is refused when a claim is missing" do
    claims.each_key { |name| expect(refusal(encode(claims.except(name)))).to eq("The token is not valid.") }
  end

  it "is refused when a claim is of another kind" do
    [{ "sub" => 7 }, { "sid" => 12 }, { "sub" => "0" }, { "sid" => "12 " }, { "sub" => "9" * 20 }, { "jti" => 1 },
     { "role" => nil }, { "iat" => now.to_f }, { "exp" => now + 900.5 }].each do |wrong|
      expect(refusal(encode(claims.merge(wrong)))).to eq("The token is not valid.")
    end
  end

  it "is refused when it would live longer than ours do" do
    expect(refusal(encode(claims.merge("exp" => now + 901)))).to eq("The token is not valid.")
    expect(refusal(encode(claims.merge("exp" => now + 899)))).to be_nil
  end
end
