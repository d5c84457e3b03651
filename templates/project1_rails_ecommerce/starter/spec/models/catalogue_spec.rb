require "rails_helper"

RSpec.describe "Categories and products" do
  it "are valid as the factories make them" do
    expect(build(:category)).to be_valid
    expect(build(:product)).to be_valid
  end

  it "need a slug of small letters, digits and hyphens" do
    ["", "Field", "field guide", "-field", "field-", "a--b", "é", "a\n"].each do |slug|
      expect(build(:category, slug:)).not_to be_valid
      expect(build(:product, slug:)).not_to be_valid
    end
  end

  it "need a price from 0.01 to 99999.99" do
    expect(build(:product, price: "0.01")).to be_valid
    expect(build(:product, price: "99999.99")).to be_valid
    expect(build(:product, price: "0")).not_to be_valid
    expect(build(:product, price: "100000")).not_to be_valid
  end

  it "need a sku without blanks" do
    expect(build(:product, sku: "FG-1.b_2")).to be_valid
    expect(build(:product, sku: "FG 1")).not_to be_valid
    expect(build(:product, sku: "")).not_to be_valid
  end

  it "have one sku, whatever its case" do
    create(:product, sku: "fg-1")
    expect { create(:product, sku: "FG-1") }.to raise_error(ActiveRecord::RecordNotUnique, /index_products_on_lower_sku/)
  end

  it "can't be deleted while something belongs to them" do
    product = create(:product)
    expect { product.category.destroy }.to raise_error(ActiveRecord::DeleteRestrictionError)
    expect { product.vendor.destroy }.to raise_error(ActiveRecord::DeleteRestrictionError)
  end

  it "refuse to load what a page forgot to load for all of its rows" do
    create(:product, category: create(:category, parent: create(:category)))
    product = Product.with_associations.first
    expect([product.category.name, product.vendor.name]).to all(be_present)
    expect { product.category.parent }.to raise_error(ActiveRecord::StrictLoadingViolationError)
  end
end
