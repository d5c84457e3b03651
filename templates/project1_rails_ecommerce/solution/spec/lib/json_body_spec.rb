require "rails_helper"

RSpec.describe JsonBody do
  def json(bytes, type = "application/json") = described_class.new(bytes.b, type)

  def refusal
    yield
    nil
  rescue Problems::Error => e
    [e.status, e.detail]
  end

  it "is an object" do
    body = json('{"a": [1, {"b": "ä"}], "c": null}')
    expect(body.object).to eq("a" => [1, { "b" => "ä" }], "c" => nil)
    expect(body.bytes).to eq('{"a": [1, {"b": "ä"}], "c": null}'.b)
  end

  it "is an empty object when there is no body, whatever its type" do
    expect(json("", nil).object).to eq({})
    expect { json("", "text/plain").type! }.not_to raise_error
  end

  it "may have parameters at its media type, and large letters" do
    ["application/json; charset=utf-8", "Application/JSON", " application/json "].each do |type|
      expect(refusal { json("{}", type).readable! }).to be_nil
    end
  end

  it "has no other media type" do
    [nil, "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonp"].each do |type|
      expect(refusal { json("{}", type).readable! }).to eq([415, "Bodies are application/json."])
      expect(refusal { json("{}", type).type! }).to eq([415, "Bodies are application/json."])
    end
  end

  it "is JSON, in UTF-8" do
    ["{", "nothing", "{'a': 1}", "{\"a\": \"\xff\"}", "[NaN]", "{\"a\":1}x", " "].each do |bytes|
      expect(refusal { json(bytes).readable! }).to eq([400, "The body is not valid JSON."])
      expect(refusal { json(bytes).object }).to eq([400, "The body is not valid JSON."])
    end
  end

  it "is refused only when it is wanted, if it is JSON of another kind" do
    ["[]", "[{}]", '"text"', "1", "null", "true"].each do |bytes|
      expect(refusal { json(bytes).readable! }).to be_nil
      expect(refusal { json(bytes).object }).to eq([422, "The body must be a JSON object."])
    end
  end

  it "holds no text that can't be stored" do
    ['{"a": "x\u0000"}', '{"a": {"b": ["\u0000"]}}', '{"a\u0000": 1}', '{"a": {"\u0000": 1}}'].each do |bytes|
      expect(refusal { json(bytes).readable! }).to be_nil
      expect(refusal { json(bytes).object }).to eq([422, "A text in the body holds a character that isn't allowed."])
    end
  end

  it "holds no half of a surrogate pair, at which some versions of the parser stop and others don't" do
    expect(refusal { json('{"a": "\ud800"}').object }.first).to eq(400).or eq(422)
    expect(json('{"a": "\ud83d\ude00"}').object).to eq("a" => "😀")
  end
end
