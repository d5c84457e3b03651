require "rails_helper"

RSpec.describe Form do
  let(:inner) do
    Class.new(described_class) { field :city, Rules.text(1..9), required: true }
  end

  let(:form) do
    nested = inner
    Class.new(described_class) do
      field :name, Rules.text(1..9), required: true
      field :size, Rules.integer(1..9)
      field :address, nested
    end
  end

  def complaints(...)
    form.read(...)
    nil
  rescue Problems::Invalid => e
    wrong = e.errors
    wrong.to_h(&:values)
  end

  it "gives what is there, and nothing else" do
    expect(form.read({ "name" => "Ada" })).to eq(name: "Ada")
    expect(form.read({ "name" => "Ada", "size" => 3, "address" => { "city" => "Berlin" } }))
      .to eq(name: "Ada", size: 3, address: { city: "Berlin" })
  end

  it "names everything that is wrong at once, by its path" do
    expect(complaints({ "size" => 10, "colour" => 1, "address" => { "city" => "", "x" => 1 } }))
      .to eq("name" => "must be there", "size" => "must be a whole number from 1 to 9",
             "colour" => "is not a field of this request", "address.city" => "must be a text of 1 to 9 characters",
             "address.x" => "is not a field of this request")
    expect(complaints({ "name" => "Ada", "address" => "Berlin" })).to eq("address" => "must be an object")
    expect(complaints({ "name" => "Ada", "address" => {} })).to eq("address.city" => "must be there")
  end

  it "requires nothing of a change but that there is one" do
    expect(form.read({ "size" => 2 }, partial: true)).to eq(size: 2)
    expect(complaints({}, partial: true)).to eq("name" => "or another field must be there")
    expect(complaints({})).to eq("name" => "must be there")
  end

  it "doesn't know the fields that are left out this time" do
    expect(complaints({ "name" => "Ada", "size" => 1 }, except: [:size])).to eq("size" => "is not a field of this request")
  end

  it "lets others add fields where that is said" do
    tolerant = Class.new(described_class) do
      tolerate_unknown_fields
      field :id, Rules.text(1..9), required: true
    end
    expect(tolerant.read({ "id" => "a", "more" => 1 })).to eq(id: "a")
  end
end
